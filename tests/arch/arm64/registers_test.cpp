// Where the things that hold arm64 registers put each, against bytes laid out by hand.
#include "arch/arm64/registers.h"

#include <doctest/doctest.h>

#include "support/words.h"

namespace arm64_registers_test {

using namespace postmortem;
using namespace postmortem::arm64;

namespace {

Registers with(std::uint64_t pstate, std::uint64_t pc = 0xffff800080010000, std::uint64_t sp = 0x1000) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i) registers.set(i, 0);
    registers.set(Pc, pc);
    registers.set(Sp, sp);
    registers.set(Pstate, pstate);
    return registers;
}

}  // namespace

TEST_CASE("struct pt_regs and NT_PRSTATUS") {
    test::Words<std::uint64_t> words(112 + registers_size + 8);
    for (std::size_t i = 0; i < register_count; ++i) words.put(112 + i * 8, 0x1000 + i);
    words.put(32, 0x4711);
    const auto status = parse_prstatus(words.view(), Endian::Little);
    REQUIRE(status);
    CHECK(status->pid == 0x4711);
    const Registers& registers = status->registers;
    CHECK(registers[0] == 0x1000);
    CHECK(registers.fp() == 0x101d);
    CHECK(registers[Lr] == 0x101e);
    CHECK(registers.sp() == 0x101f);
    CHECK(registers.ip() == 0x1020);
    CHECK(registers[Pstate] == 0x1021);
    CHECK(same_state(registers, *parse_pt_regs(words.view().subspan(112), Endian::Little)));
    CHECK_FALSE(parse_prstatus(words.view().first(112 + registers_size - 1), Endian::Little));
    CHECK_FALSE(parse_pt_regs(words.view().first(registers_size - 1), Endian::Little));
}

TEST_CASE("modes: of the kernel, of programs of both widths, and none at all") {
    for (const std::uint64_t kernel : {0x604000c5ull, 0x00400009ull, 0x4ull, 0x8ull}) {
        CHECK_FALSE(with(kernel).user_mode());
        CHECK(with(kernel).possible());
    }
    for (const std::uint64_t user : {0x20001000ull, 0x0ull, 0x60000010ull}) {
        CHECK(with(user).user_mode());
        CHECK(with(user).possible());
    }
    for (const std::uint64_t nonsense : {0x13ull, 0x7ull, 0xfull, 0xffff800080010005ull, 0xdull})
        CHECK_FALSE(with(nonsense).possible());
    CHECK_FALSE(with(0, 0, 0).possible());
}

}  // namespace arm64_registers_test
