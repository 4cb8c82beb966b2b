// Page tables as the Intel and AMD manuals define them: every page size, four and five levels, the encryption
// bit, and every way in which an entry can say no.
#include "arch/x86_64/page_tables.h"

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace x86_64_page_tables_test {

using namespace postmortem;
using test::PageTableBuilder;
using test::SparseDump;

namespace {

constexpr std::uint64_t kib4 = 4096, mib2 = 2ull << 20, gib1 = 1ull << 30;
constexpr std::uint64_t no_execute = 1ull << 63;

struct Walk {
    explicit Walk(int levels = 4, std::uint64_t sme_mask = 0)
        : builder(dump, 0x10000, levels, sme_mask), physical(dump), mask(sme_mask), five(levels == 5) {}

    Result<Translation> at(std::uint64_t vaddr) {
        // A fresh cache each time: tests change entries between two walks.
        const PhysicalMemory fresh(dump);
        return x86_64::make_walker(fresh, {builder.root() | extra_root_bits, five, mask})->walk(vaddr);
    }
    ErrorCode error_at(std::uint64_t vaddr) {
        const auto place = at(vaddr);
        REQUIRE_FALSE(place);
        return place.error().code;
    }

    SparseDump dump;
    PageTableBuilder builder;
    PhysicalMemory physical;
    std::uint64_t mask;
    bool five;
    std::uint64_t extra_root_bits = 0;
};

}  // namespace

TEST_CASE("pages of 4 KiB, 2 MiB and 1 GiB, with four levels and with five") {
    for (const int levels : {4, 5}) {
        Walk walk(levels);
        const std::uint64_t kernel = levels == 4 ? 0xffff888000000000ull : 0xff11000000000000ull;
        walk.builder.map(kernel + 5 * kib4, 0x7000);
        walk.builder.map(kernel + gib1, 6 * mib2, mib2);
        walk.builder.map(kernel + 2 * gib1, 3 * gib1, gib1);
        walk.builder.map(0x400000, 0x8000);

        CHECK(walk.at(kernel + 5 * kib4 + 0x123).value().paddr == 0x7123);
        CHECK(walk.at(kernel + 5 * kib4).value().page_size == kib4);
        CHECK(walk.at(kernel + gib1 + 0x123456).value().paddr == 6 * mib2 + 0x123456);
        CHECK(walk.at(kernel + gib1).value().page_size == mib2);
        CHECK(walk.at(kernel + 2 * gib1 + 0x12345678).value().paddr == 3 * gib1 + 0x12345678);
        CHECK(walk.at(kernel + 2 * gib1).value().page_size == gib1);
        CHECK(walk.at(0x400fff).value().paddr == 0x8fff);
        CHECK(walk.error_at(kernel + 6 * kib4) == ErrorCode::NotMapped);
        CHECK(walk.error_at(kernel + 3 * gib1) == ErrorCode::NotMapped);
        CHECK(walk.error_at(0xffffffff81000000ull) == ErrorCode::NotMapped);
    }
}

TEST_CASE("the bits of an entry that are no address do not leak into it") {
    Walk walk;
    walk.builder.map(0x1000, 0x7000);
    walk.builder.map(mib2, 2 * mib2, mib2);
    // No-execute, protection keys, accessed, dirty, global, and what is PAT in a small page.
    walk.dump.put<std::uint64_t>(walk.builder.entry(0x1000, 1), 0x7000 | no_execute | 0x7ff0000000000fe1ull);
    CHECK(walk.at(0x1abc).value().paddr == 0x7abc);
    // In a large page PAT is bit 12, where a small page's address begins.
    walk.dump.put<std::uint64_t>(walk.builder.entry(mib2, 2), 2 * mib2 | no_execute | 0x1fe1);
    CHECK(walk.at(mib2 + 0x1abc).value().paddr == 2 * mib2 + 0x1abc);
    // CR3's low bits are flags and a PCID.
    walk.extra_root_bits = 0x8000000000000fffull;
    CHECK(walk.at(0x1abc).value().paddr == 0x7abc);
}

TEST_CASE("the encryption bit of AMD is no part of an address") {
    constexpr std::uint64_t sme = 1ull << 47;
    Walk walk(4, sme);
    walk.builder.map(0x1000, 0x7000);
    walk.builder.map(gib1, 2 * mib2, mib2);
    CHECK((walk.dump.at<std::uint64_t>(walk.builder.entry(0x1000, 4)) & sme) != 0);
    walk.extra_root_bits = sme;
    CHECK(walk.at(0x1abc).value().paddr == 0x7abc);
    CHECK(walk.at(gib1 + 0x12345).value().paddr == 2 * mib2 + 0x12345);
    // Without the mask the same tables lead to memory that no machine has.
    walk.mask = 0;
    CHECK(walk.error_at(0x1abc) == ErrorCode::NoSuchMemory);
}

TEST_CASE("addresses that are not canonical are not mapped, whatever the tables hold") {
    Walk four;
    four.builder.map(0x7ffffffff000ull, 0x7000);
    four.builder.map(0xffff800000000000ull, 0x8000);
    CHECK(four.at(0x7fffffffffffull).value().paddr == 0x7fff);
    CHECK(four.at(0xffff800000000000ull).value().paddr == 0x8000);
    CHECK(four.error_at(0x800000000000ull) == ErrorCode::NotMapped);
    CHECK(four.error_at(0xffff7fffffffffffull) == ErrorCode::NotMapped);
    CHECK(four.error_at(0x1000000000000ull) == ErrorCode::NotMapped);
    CHECK(four.error_at(0xdead000000000100ull) == ErrorCode::NotMapped);  // LIST_POISON1

    Walk five(5);
    five.builder.map(0xfffffffffff000ull, 0x7000);
    five.builder.map(0xff00000000000000ull, 0x8000);
    CHECK(five.at(0xffffffffffffffull).value().paddr == 0x7fff);
    CHECK(five.at(0xff00000000000000ull).value().paddr == 0x8000);
    CHECK(five.error_at(0x100000000000000ull) == ErrorCode::NotMapped);
    CHECK(five.error_at(0xfeffffffffffffffull) == ErrorCode::NotMapped);
}

TEST_CASE("an entry without its present bit maps nothing, at every level") {
    for (const int levels : {4, 5}) {
        for (int level = 1; level <= levels; ++level) {
            Walk walk(levels);
            walk.builder.map(0x1000, 0x7000);
            const std::uint64_t entry = walk.builder.entry(0x1000, level);
            walk.dump.put<std::uint64_t>(
                entry, walk.dump.at<std::uint64_t>(entry) & ~1ull);  // a swap entry looks like this
            CHECK(walk.error_at(0x1000) == ErrorCode::NotMapped);
        }
    }
}

TEST_CASE("a page that no program may touch is there in a process's tables, and not in the kernel's") {
    constexpr std::uint64_t kept = 1ull << 8;
    Walk walk;
    walk.builder.map(0x1000, 0x7000);
    const std::uint64_t entry = walk.builder.entry(0x1000, 1);
    const auto place = [&](bool user) {
        const PhysicalMemory fresh(walk.dump);
        x86_64::PageTableParams params{walk.builder.root(), false, 0, user};
        return x86_64::make_walker(fresh, params)->walk(0x1abc);
    };
    // As it is since 4.18, and as it was before.
    for (const std::uint64_t value : {(~std::uint64_t{0x7000} & 0x000ffffffffff000) | kept, 0x7000 | kept}) {
        walk.dump.put<std::uint64_t>(entry, value);
        REQUIRE(place(true));
        CHECK(place(true)->paddr == 0x7abc);
        CHECK_FALSE(place(false));
    }
}

TEST_CASE("what is left of a page that was swapped out can be read") {
    Walk walk;
    walk.builder.map(0x1000, 0x7000);
    const std::uint64_t area = 3, page = 0x12345;
    const std::uint64_t swapped = area << 59 | (~page << 14 >> 5);
    walk.dump.put<std::uint64_t>(walk.builder.entry(0x1000, 1), swapped);
    const PhysicalMemory fresh(walk.dump);
    const auto walker = x86_64::make_walker(fresh, {walk.builder.root(), false, 0, true});
    CHECK(walker->walk(0x1000).error().code == ErrorCode::NotMapped);
    CHECK(walker->last_entry(0x1000).value() == swapped);
    CHECK(walker->last_entry(gib1).value() == 0);
}

TEST_CASE("a table that cannot be read is told by its level, and with the page's own reason") {
    for (const int levels : {4, 5}) {
        for (int level = 1; level <= levels; ++level) {
            for (const ErrorCode code :
                 {ErrorCode::PageMissing, ErrorCode::PageExcluded, ErrorCode::Corrupt}) {
                Walk walk(levels);
                walk.builder.map(0x1000, 0x7000);
                walk.dump.fail_page(walk.builder.entry(0x1000, level), code);
                const auto place = walk.at(0x1000);
                REQUIRE_FALSE(place);
                CHECK(place.error().code == code);
                CHECK(place.error().message.find("level-" + std::to_string(level)) != std::string::npos);
            }
        }
    }
}

TEST_CASE("an entry that leads out of memory or back to the root ends the walk") {
    Walk walk;
    walk.builder.map(0x1000, 0x7000);
    walk.dump.put<std::uint64_t>(walk.builder.entry(0x1000, 2), 0x000ffffffffff000ull | 1);
    CHECK(walk.error_at(0x1000) == ErrorCode::NoSuchMemory);
    // A recursive entry is one more level of the same table, and no loop.
    walk.dump.put<std::uint64_t>(walk.builder.root() + 8 * 511, walk.builder.root() | 3);
    CHECK(walk.at(0xfffffffffffff000ull).value().paddr == walk.builder.root());
}

}  // namespace x86_64_page_tables_test
