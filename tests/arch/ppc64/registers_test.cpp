// Where the things that hold ppc64 registers put each, against bytes laid out by hand, in either order.
#include "arch/ppc64/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace ppc64_registers_test {

using namespace postmortem;
using namespace postmortem::ppc64;

namespace {

constexpr std::uint64_t kernel_msr = 0x8000000002801033, program_msr = 0x800000000280f033;

Registers with(std::uint64_t msr, std::uint64_t trap = 0x300, std::uint64_t nip = 0x1000) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i) registers.set(i, 0);
    registers.set(Msr, msr);
    registers.set(Trap, trap);
    registers.set(Nip, nip);
    return registers;
}

}  // namespace

TEST_CASE("NT_PRSTATUS in the machine's order of bytes, and in the other one") {
    for (const Endian order : {Endian::Little, Endian::Big}) {
        test::Words<std::uint64_t> words(504, order);
        for (std::size_t i = 0; i < register_count; ++i) words.put(112 + i * 8, 0x1000 + i);
        words.put(112 + Msr * 8, kernel_msr);
        words.put<std::uint32_t>(32, 0x4711);
        const auto status = parse_prstatus(words.view(), Endian::Little);
        REQUIRE(status);
        CHECK(status->pid == 0x4711);
        CHECK(status->registers.sp() == 0x1001);
        CHECK(status->registers.ip() == 0x1000 + 32);
        CHECK(status->registers[Link] == 0x1000 + 36);
        CHECK(status->registers[Outcome] == 0x1000 + 43);
        CHECK_FALSE(parse_prstatus(words.first(112 + registers_size - 1), Endian::Little));
        words.put(112 + Msr * 8, 0x1002);  // in the firmware
        CHECK(parse_prstatus(words.view(), Endian::Little)->registers.sp() == 0x1001);
    }
}

TEST_CASE("struct pt_regs") {
    test::Words<std::uint64_t> words(registers_size);
    for (std::size_t i = 0; i < register_count; ++i) words.put(i * 8, 0x1000 + i);
    const auto registers = parse_pt_regs(words.view(), Endian::Little);
    REQUIRE(registers);
    CHECK((*registers)[R31] == 0x101f);
    CHECK(registers->ip() == 0x1020);
    CHECK((*registers)[Msr] == 0x1021);
    CHECK((*registers)[Trap] == 0x1028);
    CHECK((*registers)[Dar] == 0x1029);
    CHECK_FALSE(parse_pt_regs(words.first(registers_size - 1), Endian::Little));
}

TEST_CASE("where an entry came from, and what cannot be one") {
    CHECK_FALSE(with(kernel_msr).user_mode());
    CHECK(with(kernel_msr).possible());
    CHECK(with(0x8000000000029033, 0x700).possible());  // a trap
    CHECK(with(0x8000000040009033, 0x400).possible());  // a page that is not there
    CHECK(with(program_msr).user_mode());
    CHECK(with(program_msr, 0x3000).possible());
    CHECK_FALSE(with(0).possible());
    CHECK_FALSE(with(kernel_msr, 0x300, 0x1002).possible());
    CHECK_FALSE(with(kernel_msr, 0xc000000001234000).possible());
    CHECK_FALSE(with(0xc000000001234560).possible());
}

TEST_CASE("causes in words") {
    CHECK(cause_words(with(kernel_msr, 0x300)) == "data storage interrupt");
    CHECK(cause_words(with(kernel_msr, 0x901)) == "decrementer");
    CHECK(cause_words(with(program_msr, 0x3000)) == "system call");
    CHECK(cause_words(with(program_msr, 0xc00)) == "system call");
    CHECK(cause_words(with(kernel_msr, 0)).empty());
    CHECK(cause_words(Registers(register_file)).empty());
}

}  // namespace ppc64_registers_test
