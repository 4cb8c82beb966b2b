// Page tables of 32-bit kernels as the Intel manual defines them: with PAE and without, every page size, and
// every way in which an entry can say no.
#include "arch/i386/page_tables.h"

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace i386_page_tables_test {

using namespace postmortem;
using test::SparseDump;

namespace {

constexpr std::uint64_t kib4 = 4096, mib2 = 2ull << 20, mib4 = 4ull << 20;
constexpr std::uint32_t present = 1, large = 0x80, flags = 0x163;  // accessed, dirty, global
constexpr std::uint64_t no_execute = 1ull << 63;
constexpr std::uint64_t root = 0x10000, second = 0x11000, third = 0x12000;

Result<Translation> walk(const SparseDump& dump, bool pae, std::uint64_t vaddr) {
    const PhysicalMemory physical(dump);
    return i386::make_walker(physical, {root, pae})->walk(vaddr);
}

ErrorCode error_of(const SparseDump& dump, bool pae, std::uint64_t vaddr) {
    const auto place = walk(dump, pae, vaddr);
    REQUIRE_FALSE(place);
    return place.error().code;
}

}  // namespace

TEST_CASE("without PAE: pages of 4 KiB and 4 MiB") {
    SparseDump dump;
    dump.put<std::uint32_t>(root + 4 * 0x300, second | flags);            // 0xc0000000
    dump.put<std::uint32_t>(second + 4 * 5, 0x7000 | flags);              // 0xc0005000
    dump.put<std::uint32_t>(root + 4 * 0x301, 3 * mib4 | large | flags);  // 0xc0400000
    const auto small = walk(dump, false, 0xc0005123);
    REQUIRE(small);
    CHECK(small->paddr == 0x7123);
    CHECK(small->page_size == kib4);
    const auto big = walk(dump, false, 0xc0512345);
    REQUIRE(big);
    CHECK(big->paddr == 3 * mib4 + 0x112345);
    CHECK(big->page_size == mib4);
    CHECK(error_of(dump, false, 0xc0006000) == ErrorCode::NotMapped);
    CHECK(error_of(dump, false, 0xc0800000) == ErrorCode::NotMapped);
    CHECK(error_of(dump, false, 0x1c0005000) == ErrorCode::NotMapped);
    CHECK(error_of(dump, false, 0xffffffffc0005000) == ErrorCode::NotMapped);
}

TEST_CASE("without PAE a large page may lie above 4 GiB, and its PAT bit is no address") {
    SparseDump dump;
    dump.put<std::uint32_t>(root + 4 * 0x302, 5 * mib4 | 0x3 << 13 | 1 << 12 | large | flags);
    CHECK(walk(dump, false, 0xc0800010).value().paddr == (3ull << 32) + 5 * mib4 + 0x10);
}

TEST_CASE("with PAE: pages of 4 KiB and 2 MiB, anywhere in 52 bits") {
    SparseDump dump;
    dump.put<std::uint64_t>(root + 8 * 3, second | present);
    dump.put<std::uint64_t>(second, third | flags);                                              // 0xc0000000
    dump.put<std::uint64_t>(third + 8 * 5, 0x7000 | flags | no_execute);                         // 0xc0005000
    dump.put<std::uint64_t>(second + 8, 0x340000000ull | 1 << 12 | large | flags | no_execute);  // 0xc0200000
    const auto small = walk(dump, true, 0xc0005fff);
    REQUIRE(small);
    CHECK(small->paddr == 0x7fff);
    CHECK(small->page_size == kib4);
    const auto big = walk(dump, true, 0xc0212345);
    REQUIRE(big);
    CHECK(big->paddr == 0x340012345);
    CHECK(big->page_size == mib2);
    CHECK(error_of(dump, true, 0xc0006000) == ErrorCode::NotMapped);
    CHECK(error_of(dump, true, 0x80000000) == ErrorCode::NotMapped);
    CHECK(error_of(dump, true, 0x1c0005000) == ErrorCode::NotMapped);
}

TEST_CASE("with PAE an entry of the top level is never a page") {
    SparseDump dump;
    dump.put<std::uint64_t>(root + 8 * 3, second | present | large);
    dump.put<std::uint64_t>(second, 0x600000 | large | flags);
    CHECK(walk(dump, true, 0xc0000042).value().paddr == 0x600042);
}

TEST_CASE("the addresses that a lowest table maps") {
    for (const bool pae : {false, true}) {
        SparseDump dump;
        test::PageTableBuilder tables(dump, root, test::i386_tables(pae));
        for (const std::uint64_t vaddr : {0xc0000000ull, 0xff800000ull, 0xffc00000ull})
            tables.map(vaddr, 0x5000);
        tables.map(0xe0000000, 0x400000, pae ? mib2 : mib4);
        const PhysicalMemory physical(dump);
        const auto find = [&](std::uint64_t first, std::uint64_t table) {
            return i386::address_of_table(physical, {root, pae}, first, table);
        };
        const std::uint64_t table = tables.entry(0xff800000, 1) & ~0xfffull;
        CHECK(find(0xd0800000, table).value() == 0xff800000);
        CHECK(find(0xffc00000, table).error().code == ErrorCode::NotFound);
        CHECK(find(0, 0x400000).error().code == ErrorCode::NotFound);  // a page, no table
    }
}

TEST_CASE("a table that cannot be read gives the page's own reason") {
    for (const ErrorCode code : {ErrorCode::PageMissing, ErrorCode::PageExcluded}) {
        SparseDump dump;
        dump.put<std::uint32_t>(root + 4 * 0x300, second | flags);
        dump.put<std::uint32_t>(second, 0x7000 | flags);
        dump.fail_page(second, code);
        CHECK(error_of(dump, false, 0xc0000000) == code);
        dump.fail_page(root, code);
        CHECK(error_of(dump, false, 0xc0000000) == code);
        CHECK(error_of(dump, true, 0xc0000000) == code);
    }
}

}  // namespace i386_page_tables_test
