// Where the things that hold riscv64 registers put each, against bytes laid out by hand.
#include "arch/riscv64/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace riscv64_registers_test {

using namespace postmortem;
using namespace postmortem::riscv64;

namespace {

constexpr std::uint64_t kernel_status = 0x200000120, program_status = 0x8000000200006020;

Registers with(std::uint64_t status, std::uint64_t cause, std::uint64_t epc = 0xffffffff80010000) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i) registers.set(i, 0);
    registers.set(Epc, epc);
    registers.set(Status, status);
    registers.set(Cause, cause);
    return registers;
}

}  // namespace

TEST_CASE("NT_PRSTATUS holds 32 registers and neither status nor cause") {
    test::Words<std::uint64_t> words(112 + user_register_count * 8 + 8);
    for (std::size_t i = 0; i < user_register_count; ++i) words.put(112 + i * 8, 0x1000 + i);
    words.put(32, 0x4711);
    const auto status = parse_prstatus(words.view(), Endian::Little);
    REQUIRE(status);
    CHECK(status->pid == 0x4711);
    const Registers& registers = status->registers;
    CHECK(registers.ip() == 0x1000);
    CHECK(registers[Ra] == 0x1001);
    CHECK(registers.sp() == 0x1002);
    CHECK(registers.fp() == 0x1008);
    CHECK(registers[A0] == 0x100a);
    CHECK_FALSE(registers.knows(Status));
    CHECK(registers.user_mode());
    CHECK(cause_words(registers).empty());
    CHECK_FALSE(parse_prstatus(words.view().first(112 + user_register_count * 8 - 1), Endian::Little));
}

TEST_CASE("struct pt_regs") {
    test::Words<std::uint64_t> words(registers_size);
    for (std::size_t i = 0; i < register_count; ++i) words.put(i * 8, 0x1000 + i);
    const auto registers = parse_pt_regs(words.view(), Endian::Little);
    REQUIRE(registers);
    CHECK((*registers)[31] == 0x101f);
    CHECK((*registers)[Status] == 0x1020);
    CHECK((*registers)[BadAddr] == 0x1021);
    CHECK((*registers)[Cause] == 0x1022);
    CHECK((*registers)[OrigA0] == 0x1023);
    CHECK_FALSE(parse_pt_regs(words.view().first(registers_size - 1), Endian::Little));
}

TEST_CASE("where an entry came from, and what cannot be one") {
    CHECK_FALSE(with(kernel_status, 13).user_mode());
    CHECK(with(kernel_status, 13).possible());
    CHECK(with(program_status, 8, 0x401000).user_mode());
    CHECK(with(program_status, 8, 0x401000).possible());
    CHECK(with(program_status, ~0ull, 0x401000).possible());
    CHECK(with(program_status, 1ull << 63 | 5, 0x401000).possible());
    CHECK_FALSE(with(program_status, 64, 0x401000).possible());
    CHECK_FALSE(with(0xffffffff80010020, 8).possible());
    CHECK_FALSE(with(0, 0, 0).possible());
}

TEST_CASE("causes in words") {
    CHECK(cause_words(with(kernel_status, 2)) == "illegal instruction");
    CHECK(cause_words(with(program_status, 8)) == "system call");
    CHECK(cause_words(with(kernel_status, 12)) == "instruction page fault");
    CHECK(cause_words(with(kernel_status, 13)) == "load page fault");
    CHECK(cause_words(with(kernel_status, 15)) == "store page fault");
    CHECK(cause_words(with(kernel_status, 1ull << 63 | 5)) == "timer interrupt");
    CHECK(cause_words(with(kernel_status, 1ull << 63 | 9)) == "external interrupt");
    CHECK(cause_words(with(kernel_status, 14)).empty());
    CHECK(cause_words(with(kernel_status, 63)).empty());
    CHECK(cause_words(with(program_status, ~0ull)).empty());
}

}  // namespace riscv64_registers_test
