// What POWER instructions tell: calls of every kind, their targets, and whether a function has its frame. The
// encodings are those of the assembler.
#include "arch/ppc64/code.h"

#include <vector>

#include <doctest/doctest.h>

namespace ppc64_code_test {

using namespace postmortem;

namespace {

constexpr std::uint32_t mflr = 0x7c0802a6, std_r0 = 0xf8010010, stdu = 0xf821ff91, stdux = 0x7c21496a,
                        std_r1 = 0xf8210010, addi = 0x38210070, ld_r1 = 0xe8210000, mr_r1 = 0x7fe1fb78,
                        blr = 0x4e800020, beqlr = 0x4d820020, bctr = 0x4e800420, bctrl = 0x4e800421,
                        bl = 0x48000041, bl_back = 0x4bfffff1, b = 0x48000040, bla = 0x48000043,
                        where_am_i = 0x429f0005, beq = 0x41820008, nop = 0x60000000;

std::vector<std::byte> code(std::initializer_list<std::uint32_t> words, Endian endian = Endian::Little) {
    std::vector<std::byte> bytes(words.size() * 4);
    std::size_t at = 0;
    for (const std::uint32_t word : words) store(bytes.data() + 4 * at++, word, endian);
    return bytes;
}

bool framed(std::initializer_list<std::uint32_t> words) {
    return ppc64::has_frame(code(words), Endian::Little);
}

}  // namespace

TEST_CASE("calls, and what is none") {
    const auto is_call = [](std::uint32_t word) {
        return ppc64::call_sites.ends_in_call(code({word}), Endian::Little);
    };
    for (const std::uint32_t call : {bl, bl_back, bctrl}) CHECK(is_call(call));
    for (const std::uint32_t other : {b, bctr, blr, where_am_i, beq, bla, nop, stdu})
        CHECK_FALSE(is_call(other));
    CHECK(ppc64::call_sites.ends_in_call(code({bl}, Endian::Big), Endian::Big));
}

TEST_CASE("the target of a call, and what a function reaches, there or behind its first two instructions") {
    const auto target = [](std::uint32_t word) {
        return ppc64::call_sites.direct_target(code({word}), Endian::Little, 0x10004);
    };
    CHECK(target(bl) == 0x10040);
    CHECK(target(bl_back) == 0xfff0);
    CHECK(target(b) == std::nullopt);
    CHECK(target(bctrl) == std::nullopt);
    const auto reaches = [](std::initializer_list<std::uint32_t> words, std::uint64_t wanted) {
        return ppc64::call_sites.reaches(code(words), Endian::Little, 0x10000, wanted);
    };
    CHECK(reaches({mflr, bl}, 0x10044));
    CHECK(reaches({mflr, bl}, 0x1003c));
    CHECK(reaches({b}, 0x10040));
    CHECK_FALSE(reaches({mflr, bl}, 0x10040));
    CHECK_FALSE(reaches({mflr, bctrl}, 0x10000));
}

TEST_CASE("a function has its frame from where it takes the stack pointer down until it returns") {
    CHECK_FALSE(framed({mflr, std_r0}));
    CHECK(framed({mflr, std_r0, stdu}));
    CHECK(framed({mflr, stdux, bl}));
    CHECK_FALSE(framed({stdu, addi}));
    CHECK_FALSE(framed({stdu, ld_r1}));
    CHECK_FALSE(framed({stdu, mr_r1}));
    CHECK(framed({stdu, addi, blr}));
    CHECK(framed({stdu, addi, b, bl}));
    CHECK_FALSE(framed({stdu, addi, beqlr}));
    CHECK_FALSE(framed({stdu, addi, beq}));
    CHECK_FALSE(framed({mflr, std_r1}));
    CHECK_FALSE(framed({}));
}

}  // namespace ppc64_code_test
