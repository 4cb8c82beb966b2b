// Tables of two to five levels as the z/Architecture manual defines them: pages at every level that has them,
// what Linux alone calls present, and each way to say no.
#include "arch/s390x/page_tables.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace s390x_page_tables_test {

using namespace postmortem;
using test::SparseDump;

namespace {

constexpr std::uint64_t invalid = 0x20, large = 0x400, page_invalid = 0x400, present = 1;
constexpr unsigned segment_shift = 20, region_shift = 31;

struct Tables {
    explicit Tables(unsigned count) : levels(count) {
        for (unsigned below = count - 1, at = 0; below > 0; --below, ++at)
            for (std::uint64_t i = 0; i < 2048; ++i)
                dump.put<std::uint64_t>(table(at) + i * 8, invalid | type(below));
        for (std::uint64_t i = 0; i < 256; ++i)
            dump.put<std::uint64_t>(table(levels - 1) + i * 8, page_invalid);
    }
    static std::uint64_t type(unsigned below) { return (below - 1) << 2; }
    std::uint64_t table(unsigned number) const { return root + number * 0x4000; }
    // `leaf` says how many levels lie below it.
    void map(std::uint64_t vaddr, std::uint64_t entry, unsigned leaf = 0) {
        for (unsigned below = levels - 1, at = 0;; --below, ++at) {
            const std::uint64_t index =
                below == 0 ? vaddr >> 12 & 255 : vaddr >> (20 + 11 * (below - 1)) & 2047;
            const bool last = below == leaf;
            dump.put<std::uint64_t>(table(at) + index * 8, last ? entry : table(at + 1) | type(below));
            if (last) return;
        }
    }
    Result<Translation> walk(std::uint64_t vaddr, bool user = false) const {
        const PhysicalMemory physical(dump);
        return s390x::make_walker(physical, {root, levels, user})->walk(vaddr);
    }

    unsigned levels;
    std::uint64_t root = 0x100000;
    SparseDump dump{4096, Endian::Big};
};

}  // namespace

TEST_CASE("an entry says how many levels there are, also where it maps nothing") {
    CHECK(s390x::levels_of(0x20) == 2);
    CHECK(s390x::levels_of(0x7c8007) == 3);
    CHECK(s390x::levels_of(0x28) == 4);
    CHECK(s390x::levels_of(0x2c) == 5);
}

TEST_CASE("pages at the end of every address that the levels have") {
    for (const auto& [levels, top] : {std::pair(2u, 0x7ffff000ull),
                                      {3u, 0x3fffffff000ull},
                                      {4u, 0x1ffffffffff000ull},
                                      {5u, 0xfffffffffffff000ull}}) {
        CAPTURE(levels);
        Tables tables(levels);
        tables.map(top, 0xabcd00000000 | present);
        const auto page = tables.walk(top + 0x123);
        REQUIRE(page);
        CHECK(page->paddr == 0xabcd00000123);
        CHECK(page->page_size == 4096);
        CHECK(tables.walk(top - 0x1000).error().code == ErrorCode::NotMapped);
        if (levels < 5) {
            CHECK(tables.walk(top + 0x1000).error().code == ErrorCode::NotMapped);
        }
    }
}

TEST_CASE("segments of 1 MiB and regions of 2 GiB") {
    Tables tables(3);
    tables.map(0x12300000, 0x5500000 | large | 3, 1);
    tables.map(0x80000000, 0x180000000 | large | 0x4, 2);
    CHECK(tables.walk(0x12345678).value().paddr == 0x5545678);
    CHECK(tables.walk(0x12345678).value().page_size == 1u << segment_shift);
    CHECK(tables.walk(0x92345678).value().paddr == 0x192345678);
    CHECK(tables.walk(0x92345678).value().page_size == 1ull << region_shift);
}

TEST_CASE("what a process has not touched lately is not valid, yet present") {
    Tables tables(3);
    tables.map(0x1000, 0x7000 | page_invalid | present);
    tables.map(0x100000, 0x5500000 | large | invalid | 2, 1);
    CHECK(tables.walk(0x1234, true).value().paddr == 0x7234);
    CHECK(tables.walk(0x123456, true).value().paddr == 0x5523456);
    CHECK(tables.walk(0x123456).error().code == ErrorCode::NotMapped);
}

TEST_CASE("a table that the dump lacks is no hole in the map") {
    Tables tables(3);
    tables.map(0x1000, 0x7000 | present);
    tables.dump.fail_page(tables.table(1), ErrorCode::PageExcluded);
    CHECK(tables.walk(0x1000).error().code == ErrorCode::PageExcluded);
}

TEST_CASE("what an entry says") {
    const auto touched = s390x::page_entry(0x7000 | 0x20 | 0x10 | 0x8 | 0x4 | present);
    CHECK(touched.present);
    CHECK(touched.physical == 0x7000);
    CHECK(touched.flags == std::vector<std::string_view>{"PRESENT", "WRITE", "READ", "DIRTY", "YOUNG"});
    CHECK(s390x::page_entry(0x7000 | page_invalid | 0x200 | 0x10 | present).flags ==
          std::vector<std::string_view>{"PRESENT", "INVALID", "PROTECTED", "READ"});
    const std::uint64_t swapped = 0x1234000 | page_invalid | 0x200 | 3 << 2;
    CHECK_FALSE(s390x::page_entry(swapped).present);
}

}  // namespace s390x_page_tables_test
