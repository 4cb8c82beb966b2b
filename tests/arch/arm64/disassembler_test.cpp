// What the binutils print of instructions of arm64 kernels (6.1).
#include "arch/arm64/disassembler.h"

#include <array>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/bytes.h"

namespace arm64_disassembler_test {

using namespace postmortem;

namespace {

struct Written {
    std::uint32_t word;
    std::string_view text;
};

constexpr std::uint64_t place = 0xffff800008010000;

constexpr Written written[] = {
    {0xd503233f, "paciasp"},
    {0xd503245f, "bti\tc"},
    {0xa9bd7bfd, "stp\tx29, x30, [sp, #-48]!"},
    {0xf9431e60, "ldr\tx0, [x19, #1592]"},
    {0x91000397, "add\tx23, x28, #0x0"},
    {0x7100301f, "cmp\tw0, #0xc"},
    {0x934cfc00, "asr\tx0, x0, #12"},
    {0xd3443c00, "ubfx\tx0, x0, #4, #12"},
    {0x5283ffe0, "mov\tw0, #0x1fff                \t// #8191"},
    {0x92800000, "mov\tx0, #0xffffffffffffffff    \t// #-1"},
    {0xd2c00002, "movz\tx2, #0x0, lsl #32"},
    {0x54000081, "b.ne\t0xffff800008010010  // b.any"},
    {0x54000202, "b.cs\t0xffff800008010040  // b.hs, b.nlast"},
    {0x14000004, "b\t0xffff800008010010"},
    {0x34000180, "cbz\tw0, 0xffff800008010030"},
    {0x37700080, "tbnz\tw0, #14, 0xffff800008010010"},
    {0x9a97139c, "csel\tx28, x28, x23, ne\t// ne = any"},
    {0x88e4fc02, "casal\tw4, w2, [x0]"},
    {0xb8240025, "ldadd\tw4, w5, [x1]"},
    {0xb821001f, "stadd\tw1, [x0]"},
    {0xf8e28003, "swpal\tx2, x3, [x0]"},
    {0xd65f03c0, "ret"},
    {0x00000000, "udf\t#0"},
};

}  // namespace

TEST_CASE("instructions of arm64 are written as the binutils write them") {
    const auto disassembler = arm64::make_disassembler();
    REQUIRE(disassembler);
    for (const Written& one : written) {
        std::array<std::byte, 4> bytes;
        for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::byte>(one.word >> (8 * i));
        const auto decoded = disassembler->decode(bytes, place);
        CHECK(decoded.text + (decoded.target ? fmt::format("{:#x}", *decoded.target) : "") + decoded.remark ==
              one.text);
        CHECK(decoded.size == 4);
    }
}

TEST_CASE("any word is decoded to something") {
    const auto disassembler = arm64::make_disassembler();
    std::uint32_t seed = 1;
    for (int round = 0; round < 50000; ++round) {
        std::array<std::byte, 4> bytes;
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>((seed = seed * 1664525 + 1013904223) >> 24);
        const auto decoded = disassembler->decode(bytes, place);
        CHECK(decoded.size == 4);
        CHECK_FALSE(decoded.text.empty());
    }
    CHECK(disassembler->decode(Bytes(), place).size == 0);
}

}  // namespace arm64_disassembler_test
