#include "base/bytes.h"

#include <array>

#include <doctest/doctest.h>

namespace bytes_test {

using namespace postmortem;

TEST_CASE("a reader answers only for bytes that are there") {
    const std::array<std::byte, 5> data{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
    const ByteReader little(data, Endian::Little);
    const ByteReader big(data, Endian::Big);
    CHECK(little.u32(0) == 0x04030201u);
    CHECK(big.u32(1) == 0x02030405u);
    CHECK_FALSE(little.u32(2));
    CHECK_FALSE(little.u8(5));
    CHECK_FALSE(little.u64(~0ull));
    CHECK_FALSE(little.slice(4, ~0ull));
    CHECK(little.slice(5, 0)->empty());
    CHECK_FALSE(little.c_string(0));
}

}  // namespace bytes_test
