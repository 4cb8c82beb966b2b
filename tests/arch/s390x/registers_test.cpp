// Where the things that hold s390x registers put each, against bytes laid out by hand, big endian.
#include "arch/s390x/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace s390x_registers_test {

using namespace postmortem;
using namespace postmortem::s390x;

namespace {

constexpr std::uint64_t kernel_mask = 0x0704c00180000000, program_mask = 0x0705200180000000;

Registers with(std::uint64_t mask, std::uint64_t code = 0, std::uint64_t flags = 0,
               std::uint64_t psw = 0x1000) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i) registers.set(i, 0);
    registers.set(PswMask, mask);
    registers.set(PswAddr, psw);
    registers.set(IntCode, code);
    registers.set(Flags, flags);
    return registers;
}

}  // namespace

TEST_CASE("NT_PRSTATUS holds the program status word and sixteen registers") {
    test::Words<std::uint64_t> words(336, Endian::Big);
    for (std::size_t i = 0; i < 18; ++i) words.put(112 + i * 8, 0x1000 + i);
    words.put<std::uint32_t>(32, 0x4711);
    const auto status = parse_prstatus(words.view(), Endian::Big);
    REQUIRE(status);
    CHECK(status->pid == 0x4711);
    CHECK(status->registers[PswMask] == 0x1000);
    CHECK(status->registers.ip() == 0x1001);
    CHECK(status->registers[R2] == 0x1004);
    CHECK(status->registers[R14] == 0x1010);
    CHECK(status->registers.sp() == 0x1011);
    CHECK_FALSE(status->registers.knows(IntCode));
    CHECK(cause_words(status->registers).empty());
    CHECK_FALSE(parse_prstatus(words.first(112 + 18 * 8 - 1), Endian::Big));
}

TEST_CASE("struct pt_regs") {
    test::Words<std::uint64_t> words(registers_size, Endian::Big);
    for (std::size_t i = 0; i < registers_size / 8; ++i) words.put(i * 8, 0x1000 + i);
    words.put<std::uint32_t>(160, 0x00040010);
    const auto registers = parse_pt_regs(words.view(), Endian::Big);
    REQUIRE(registers);
    CHECK((*registers)[PswMask] == 0x1001);
    CHECK(registers->ip() == 0x1002);
    CHECK((*registers)[R0] == 0x1003);
    CHECK(registers->sp() == 0x1012);
    CHECK((*registers)[OrigR2] == 0x1013);
    CHECK((*registers)[IntCode] == 0x00040010);
    CHECK((*registers)[IntParm] == 0x1015);
    CHECK((*registers)[Flags] == 0x1016);
    CHECK_FALSE(parse_pt_regs(words.first(registers_size - 1), Endian::Big));
}

TEST_CASE("where an entry came from, and what cannot be one") {
    CHECK_FALSE(with(kernel_mask).user_mode());
    CHECK(with(kernel_mask).possible());
    CHECK(with(program_mask).user_mode());
    CHECK(with(program_mask).possible());
    CHECK(with(0x0705200080000000).possible());        // a program of 31 bits
    CHECK_FALSE(with(0x0704c00080000000).possible());  // a kernel of 31 bits
    CHECK_FALSE(with(0).possible());
    CHECK_FALSE(with(0x0301200180000000).possible());  // a program without address translation
    CHECK_FALSE(with(0x0704c00180000001).possible());
    CHECK_FALSE(with(kernel_mask, 0, 0, 0x1001).possible());
    CHECK_FALSE(with(0xffffffff81001234).possible());
}

TEST_CASE("causes in words") {
    CHECK(cause_words(with(kernel_mask, 0x00040010)) == "segment translation exception");
    CHECK(cause_words(with(kernel_mask, 0x0006003b)) == "region third translation exception");
    CHECK(cause_words(with(kernel_mask, 0x00020001)) == "illegal operation");
    CHECK(cause_words(with(kernel_mask, 0x00040040)) == "monitor event");
    CHECK(cause_words(with(program_mask, 0x00020004, 1)) == "system call");
    CHECK(cause_words(with(program_mask, 0x00020004)) == "protection exception");
    CHECK(cause_words(with(kernel_mask, 0x00001004)).empty());  // an interrupt of the clock
    CHECK(cause_words(with(kernel_mask, 0x00010010)).empty());  // one of a device
    CHECK(cause_words(with(kernel_mask, 0x00040042)).empty());
}

TEST_CASE("the program status word is behind what was suppressed or completed, and at what was nullified") {
    for (const std::uint64_t suppressed : {0x01, 0x02, 0x05, 0x06, 0x07, 0x09, 0x12, 0x1b, 0x40}) {
        CAPTURE(suppressed);
        CHECK(bytes_behind(with(kernel_mask, 0x00040000 | suppressed)) == 4);
        CHECK(bytes_behind(with(kernel_mask, 0x00060080 | suppressed)) == 6);
        CHECK(bytes_behind(with(kernel_mask, 0x00020200 | suppressed)) == 0);  // in a transaction
    }
    for (const std::uint64_t nullified : {0x04, 0x10, 0x11, 0x38, 0x39, 0x3a, 0x3b, 0x3d}) {
        CAPTURE(nullified);
        CHECK(bytes_behind(with(kernel_mask, 0x00040000 | nullified)) == 0);
    }
    CHECK(bytes_behind(with(kernel_mask, 0x00030040)) == 0);  // no instruction is so long
    CHECK(bytes_behind(with(kernel_mask, 0x00001004)) == 0);
    CHECK(bytes_behind(with(kernel_mask)) == 0);
}

}  // namespace s390x_registers_test
