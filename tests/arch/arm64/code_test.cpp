// What arm64's instructions tell: calls of every kind, their targets, and whether a function has its frame.
#include "arch/arm64/code.h"

#include <cstring>
#include <vector>

#include <doctest/doctest.h>

namespace arm64_code_test {

using namespace postmortem;

namespace {

constexpr std::uint32_t bl_next = 0x94000001, blr_x8 = 0xd63f0100, blraa_x8_x9 = 0xd73f0909,
                        blraaz_x3 = 0xd63f087f, br_x8 = 0xd61f0100, nop = 0xd503201f, ret = 0xd65f03c0,
                        retaa = 0xd65f0bff, paciasp = 0xd503233f, push = 0xa9bd7bfd, set_fp = 0x910003fd,
                        pop = 0xa8c37bfd, pop_in_place = 0xa9417bfd, b_next = 0x14000001,
                        ldp_others = 0xa94153f3;

std::vector<std::byte> code(std::initializer_list<std::uint32_t> words) {
    std::vector<std::byte> bytes(words.size() * 4);
    std::memcpy(bytes.data(), std::data(words), bytes.size());
    return bytes;
}

bool framed(std::initializer_list<std::uint32_t> words) {
    return arm64::has_frame(code(words), Endian::Little);
}

}  // namespace

TEST_CASE("calls, and what is none") {
    const auto is_call = [](std::uint32_t word) {
        return arm64::call_sites.ends_in_call(code({word}), Endian::Little);
    };
    for (const std::uint32_t word : {bl_next, 0x97ffffffu, blr_x8, blraa_x8_x9, blraaz_x3})
        CHECK(is_call(word));
    for (const std::uint32_t word : {br_x8, nop, ret, b_next, 0u, ~0u}) CHECK_FALSE(is_call(word));
}

TEST_CASE("the target of a call lies up to 128 MiB in either direction") {
    constexpr std::uint64_t back = 0xffff800080010000;
    const auto target = [](std::uint32_t word) {
        return arm64::call_sites.direct_target(code({word}), Endian::Little, back);
    };
    CHECK(target(bl_next) == back);
    CHECK(target(0x97ffffff) == back - 8);
    CHECK(target(0x95ffffff) == back - 4 + 0x7fffffc);
    CHECK(target(0x96000000) == back - 4 - 0x8000000);
    CHECK(target(blr_x8) == std::nullopt);
    CHECK(target(b_next) == std::nullopt);
}

TEST_CASE("a function reaches another one by a call or a jump") {
    constexpr std::uint64_t start = 0xffff800080010000;
    for (const std::uint32_t word : {bl_next, b_next}) {
        const auto bytes = code({nop, word, ret});
        CHECK(arm64::call_sites.reaches(bytes, Endian::Little, start, start + 8));
        CHECK_FALSE(arm64::call_sites.reaches(bytes, Endian::Little, start, start + 4));
    }
}

TEST_CASE("a frame exists from its making to its end, and again behind the return") {
    CHECK_FALSE(framed({}));
    CHECK_FALSE(framed({nop, nop}));
    CHECK_FALSE(framed({paciasp, push}));
    CHECK(framed({paciasp, push, set_fp}));
    CHECK(framed({push, set_fp, bl_next, ldp_others, nop}));
    CHECK_FALSE(framed({push, set_fp, bl_next, pop}));
    CHECK_FALSE(framed({push, set_fp, bl_next, pop_in_place, nop}));
    for (const std::uint32_t leave : {ret, retaa, b_next})
        CHECK(framed({push, set_fp, bl_next, pop, leave, nop}));
    CHECK_FALSE(framed({nop, ret, nop}));
}

}  // namespace arm64_code_test
