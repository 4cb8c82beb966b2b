// Which data code touches: words as an assembler made them, each case one way that compilers go.
#include "arch/arm64/data_places.h"

#include <doctest/doctest.h>

#include "arch/arm64/arm64.h"

namespace arm64_data_places_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t start = 0xffff800008010124, page = 0xffff800008010000;
using Words = std::vector<std::uint32_t>;
using Places = std::vector<std::uint64_t>;

Places places_of(const Words& words) {
    std::vector<std::byte> code(words.size() * 4);
    for (std::size_t i = 0; i < words.size(); ++i) store(code.data() + i * 4, words[i], Endian::Little);
    return arm64::arch.code.data_places(code, start);
}

}  // namespace

TEST_CASE("a place is where code reads or writes, or what it hands on") {
    // adrp x0; ldr w0, [x0, #0x20]
    CHECK(places_of({0x90000000, 0xb9402000, 0xd65f03c0}) == Places{page + 0x20});
    // adrp x0; add x0, x0, #0x80; str x1, [x0, w2, uxtw #3]
    CHECK(places_of({0x90000000, 0x91020000, 0xf8225801}) == Places{page + 0x80});
    // adr x3, .+64; mov x9, x3; strb w1, [x9, #1]
    CHECK(places_of({0x10000203, 0xaa0303e9, 0x39000521}) == Places{start + 64 + 1});
    // adrp x6; ldr q0, [x6, #32]; ldrsw x7, [x6, #4]; mov x6, #1; ldr x8, [x6, #8]
    CHECK(places_of({0x90000006, 0x3dc008c0, 0xb98004c7, 0xd2800026, 0xf94004c8}) ==
          Places{page + 0x20, page + 4});
    // adrp x0; add x0, x0, #0x10; ldp x2, x3, [x0, #16]; ldxr w5, [x0]; ldadd w6, w7, [x0]; ldur x8, [x0,
    // #-8]
    CHECK(places_of({0x90000000, 0x91004000, 0xa9410c02, 0x885f7c05, 0xb8260007, 0xf85f8008}) ==
          Places{page + 0x20, page + 0x10, page + 0x10, page + 8});
}

TEST_CASE("an anchor that several variables share is none of them") {
    // adrp x1; add x1, x1, #0x100; ldr x0, [x1, #24]; add x2, x1, #48; str x2, [sp, #16]
    CHECK(places_of({0x90000001, 0x91040021, 0xf9400c20, 0x9100c022, 0xf9000be2}) ==
          Places{page + 0x118, page + 0x130});
}

TEST_CASE("what a register holds is forgotten where a call, a branch or a load may have changed it") {
    // adrp x2; add x2, x2, #0x800; b .+8; ldr w1, [x2]
    CHECK(places_of({0x90000002, 0x91200042, 0x14000002, 0xb9400041}) == Places{page + 0x800});
    // adrp x19; add x19, x19, #0x40; bl; ldr w0, [x19, #4]; adrp x3; bl; ldr w3, [x3, #8]
    CHECK(places_of({0x90000013, 0x91010273, 0x94000000, 0xb9400660, 0x90000003, 0x94000000, 0xb9400863}) ==
          Places{page + 0x44});
    // adrp x4; add x4, x4, #8; ldr x4, [x4]; ldr x5, [x4, #8]
    CHECK(places_of({0x90000004, 0x91002084, 0xf9400084, 0xf9400485}) == Places{page + 8});
    // adrp x0; add x0, x0, #0x10; ldr x1, [x0], #8; ldr x2, [x0, #8]
    CHECK(places_of({0x90000000, 0x91004000, 0xf8408401, 0xf9400402}) == Places{page + 0x10});
}

}  // namespace arm64_data_places_test
