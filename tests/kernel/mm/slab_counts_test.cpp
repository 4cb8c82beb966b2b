// A slab's two counts in both orders of bytes and both widths that kernels have had.
#include "kernel/mm/slab_counts.h"

#include <doctest/doctest.h>

#include "support/btf_builder.h"
#include "support/sparse_dump.h"
#include "types/btf.h"

namespace slab_counts_test {

using namespace postmortem;
using test::BtfBuilder;
using test::SparseMemory;

namespace {

constexpr std::uint64_t first_address = 0xffff888000000000ull, slab_at = first_address + 0x1000;

// The bytes that a compiler of each order makes of inuse = 5, objects = 0x4321 and frozen = 1.
constexpr std::uint32_t little = 5 | 0x4321u << 16 | 1u << 31, big = 5u << 16 | 0x4321u << 1 | 1;
constexpr std::uint32_t old_little = 5 | 0xc321u << 16, old_big = 5u << 16 | 0xc321u;

Result<SlabCounts::Numbers> read(Endian endian, std::uint32_t objects_bits, std::uint32_t word,
                                 std::uint32_t in_use_bits = 16) {
    BtfBuilder b(endian);
    const auto u32 = b.integer("unsigned int", 4);
    b.structure("slab", 16, {{"inuse", u32, 64, in_use_bits}, {"objects", u32, 80, objects_bits}});
    const auto types = open_btf(b.bytes(), "BTF");
    REQUIRE(types);
    SparseMemory memory(first_address, 1 << 20, endian);
    memory.put<std::uint32_t>(slab_at + 8, word);
    const auto slab = (*types)->find_struct("slab");
    REQUIRE(slab);
    const auto counts = SlabCounts::find(**types, *slab);
    if (!counts) return fail(counts.error());
    return counts->read(memory, slab_at);
}

}  // namespace

TEST_CASE("a slab's counts, whichever byte comes first") {
    struct Case {
        Endian endian;
        std::uint32_t width, word, objects;
    };
    for (const Case& one :
         {Case{Endian::Little, 15, little, 0x4321}, Case{Endian::Big, 15, big, 0x4321},
          Case{Endian::Little, 16, old_little, 0xc321}, Case{Endian::Big, 16, old_big, 0xc321}}) {
        const auto numbers = read(one.endian, one.width, one.word);
        REQUIRE(numbers);
        CHECK(numbers->in_use == 5);
        CHECK(numbers->objects == one.objects);
        CHECK(numbers->free() == one.objects - 5);
    }
    CHECK(SlabCounts::Numbers{7, 7}.free() == 0);
    CHECK(SlabCounts::Numbers{8, 7}.free() == 0);
}

TEST_CASE("counts of another shape are refused") {
    for (const auto& refused : {read(Endian::Little, 14, 0), read(Endian::Little, 15, 0, 15)}) {
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == ErrorCode::Unsupported);
    }
}

}  // namespace slab_counts_test
