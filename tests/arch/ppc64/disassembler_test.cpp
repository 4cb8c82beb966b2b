// Code of 64-bit POWER in the words of the binutils, in either order of bytes.
#include "arch/ppc64/disassembler.h"

#include <array>

#include <doctest/doctest.h>

namespace ppc64_disassembler_test {

using namespace postmortem;

namespace {

struct Example {
    std::uint32_t word;
    const char* text;
    std::uint64_t target = 0;
};

constexpr std::uint64_t place = 0xc000000000010000;

// As objdump writes them.
const Example examples[] = {
    {0x7d4843a6, "mtspr   264,r10"},
    {0x3c4c01b5, "addis   r2,r12,437"},
    {0x3842e100, "addi    r2,r2,-7936"},
    {0x3860ffff, "li      r3,-1"},
    {0x3d40fcff, "lis     r10,-769"},
    {0x7c0802a6, "mflr    r0"},
    {0xf821ffd1, "stdu    r1,-48(r1)"},
    {0xe8010010, "ld      r0,16(r1)"},
    {0x2c09ffff, "cmpwi   r9,-1"},
    {0x7c9b2379, "mr.     r27,r4"},
    {0x7d2948f8, "not     r9,r9"},
    {0x7d290034, "cntlzw  r9,r9"},
    {0x796bb282, "srdi    r11,r11,10"},
    {0x794a07c6, "sldi    r10,r10,32"},
    {0x782106e4, "clrrdi  r1,r1,4"},
    {0x57ff0038, "clrrwi  r31,r31,3"},
    {0x7c0004ac, "hwsync"},
    {0x7c2004ac, "lwsync"},
    {0x7db142a6, "mfsprg  r13,1"},
    {0x7db243a6, "mtsprg  2,r13"},
    {0x7d4c42a6, "mftb    r10"},
    {0x7d3e4ba6, "mtlpcr  r9"},
    {0x7fe00008, "trap"},
    {0x60000000, "nop"},
    {0x4e800020, "blr"},
    {0x4800002c, "b       ", place + 0x2c},
    {0x4bffff01, "bl      ", place - 0x100},
    {0x419e0010, "beq     cr7,", place + 0x10},
    {0x429f0005, "bcl     20,4*cr7+so,", place + 4},
    {0x4c400420, "bcctr   2,lt"},
    {0x4e800420, "bctr"},
    {0x4e800421, "bctrl"},
    {0x7c40003c, "pause_short"},
    {0xf0010c97, "xxmr    vs32,vs33"},
    {0x0106006a, ".long 0x106006a"},
};

}  // namespace

TEST_CASE("instructions read as objdump writes them") {
    for (const Endian order : {Endian::Little, Endian::Big}) {
        const auto disassembler = ppc64::make_disassembler(order);
        REQUIRE(disassembler);
        for (const Example& example : examples) {
            std::array<std::byte, 4> bytes{};
            for (std::size_t i = 0; i < bytes.size(); ++i)
                bytes[order == Endian::Big ? 3 - i : i] = static_cast<std::byte>(example.word >> (8 * i));
            const DecodedInstruction decoded = disassembler->decode(bytes, place);
            CHECK(decoded.text == example.text);
            CHECK(decoded.target.value_or(0) == example.target);
            CHECK(decoded.size == 4);
        }
        CHECK(disassembler->decode(std::array<std::byte, 3>{}, place).size == 0);
    }
}

TEST_CASE("returns, fillers and what BUG() ends in are told") {
    const auto role = [](std::uint32_t word) {
        std::array<std::byte, 4> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(word >> (8 * i));
        return ppc64::make_disassembler(Endian::Little)->decode(bytes, place).role;
    };
    CHECK(role(0x4e800020) == CodeRole::Return);
    CHECK(role(0x60000000) == CodeRole::Filler);
    CHECK(role(0x0fe00000) == CodeRole::BugTrap);
    CHECK(role(0x7fe00008) == CodeRole::Any);
}

}  // namespace ppc64_disassembler_test
