// Page tables of every size of page and of address that Linux has on arm64, as the Arm manual defines them:
// pages, blocks at every level that has them, addresses of 48 and 52 bits, and each way to say no.
#include "arch/arm64/page_tables.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace arm64_page_tables_test {

using namespace postmortem;
using test::SparseDump;

namespace {

enum class Wide { No, Lpa, Lpa2 };

struct Layout {
    unsigned page_shift, va_bits;
    Wide wide;
    unsigned levels;
    std::vector<unsigned> blocks;  ///< the logarithms of their sizes
};

// CONFIG_ARM64_*_PAGES and CONFIG_ARM64_VA_BITS_* (arch/arm64/Kconfig); Arm DDI 0487, table D8-21 and on.
const std::vector<Layout> layouts = {
    {12, 39, Wide::No, 3, {21, 30}},   {12, 48, Wide::No, 4, {21, 30}}, {12, 52, Wide::Lpa2, 5, {21, 30, 39}},
    {14, 36, Wide::No, 2, {25}},       {14, 47, Wide::No, 3, {25}},     {14, 48, Wide::No, 4, {25}},
    {14, 52, Wide::Lpa2, 4, {25, 36}}, {16, 42, Wide::Lpa, 2, {29}},    {16, 48, Wide::Lpa, 3, {29, 42}},
    {16, 52, Wide::Lpa, 3, {29, 42}},
};

constexpr std::uint64_t page = 3, block = 1;
// Access flag, inner shareable where there is room for it, no execution by users; bits that are no address.
constexpr std::uint64_t attributes = 1ull << 10 | 1ull << 54;

std::uint64_t entry_for(const Layout& layout, std::uint64_t paddr, std::uint64_t kind) {
    std::uint64_t entry = (paddr & ((1ull << 48) - 1)) | kind;
    if (layout.wide == Wide::Lpa) entry |= (paddr >> 48 & 0xf) << 12;
    if (layout.wide == Wide::Lpa2) entry |= (paddr >> 48 & 3) << 48 | (paddr >> 50 & 3) << 8;
    return entry;
}

struct Tables {
    explicit Tables(const Layout& of)
        : layout(of), dump(1u << of.page_shift), root(16ull << of.page_shift), next(root) {
        next += table_size();
    }
    std::uint64_t table_size() const { return 1ull << layout.page_shift; }
    std::uint64_t slot(std::uint64_t table, std::uint64_t vaddr, unsigned shift) const {
        const unsigned top = layout.page_shift + (layout.levels - 1) * (layout.page_shift - 3);
        const unsigned bits = shift == top ? layout.va_bits - top : layout.page_shift - 3;
        return table + (vaddr >> shift & ((1ull << bits) - 1)) * 8;
    }
    void map(std::uint64_t vaddr, std::uint64_t entry, unsigned size) {
        std::uint64_t table = root;
        unsigned shift = layout.page_shift + (layout.levels - 1) * (layout.page_shift - 3);
        for (; shift > size; shift -= layout.page_shift - 3) {
            dump.put<std::uint64_t>(slot(table, vaddr, shift), entry_for(layout, next, page));
            table = next;
            next += table_size();
        }
        lowest = table;
        dump.put<std::uint64_t>(slot(table, vaddr, shift), entry);
    }
    Result<Translation> walk(std::uint64_t vaddr, bool user = false) const {
        const PhysicalMemory physical(dump);
        return arm64::make_walker(physical,
                                  {root, layout.page_shift, layout.va_bits, layout.wide == Wide::Lpa2, user})
            ->walk(vaddr);
    }
    std::uint64_t highest_paddr() const { return layout.wide == Wide::No ? 1ull << 47 : 0xdull << 48; }
    std::uint64_t first() const { return ~0ull << layout.va_bits; }

    Layout layout;
    SparseDump dump;
    std::uint64_t root, next, lowest = 0;
};

// The first page of the kernel's half, the last, and some in between.
std::vector<std::uint64_t> places(const Tables& tables) {
    const std::uint64_t half = 1ull << (tables.layout.va_bits - 1);
    return {tables.first(), tables.first() + half, tables.first() + half / 3 * 2, ~0ull};
}

}  // namespace

TEST_CASE("pages of every size, anywhere in the kernel's half") {
    for (const Layout& layout : layouts) {
        CAPTURE(layout.page_shift);
        CAPTURE(layout.va_bits);
        const std::uint64_t size = 1ull << layout.page_shift;
        for (std::size_t i = 0; i < 4; ++i) {
            Tables tables(layout);
            const std::uint64_t vaddr = places(tables)[i] & ~(size - 1);
            const std::uint64_t paddr = tables.highest_paddr() + 5 * size;
            tables.map(vaddr, entry_for(layout, paddr, page) | attributes, layout.page_shift);
            const auto found = tables.walk(vaddr + 0x123);
            REQUIRE(found);
            CHECK(found->paddr == paddr + 0x123);
            CHECK(found->page_size == size);
            CHECK(tables.walk(vaddr + size - 1).value().paddr == paddr + size - 1);
            CHECK(tables.walk(vaddr ^ size).error().code == ErrorCode::NotMapped);
        }
    }
}

TEST_CASE("blocks at every level that has them, and at no other") {
    for (const Layout& layout : layouts) {
        const unsigned top = layout.page_shift + (layout.levels - 1) * (layout.page_shift - 3);
        for (unsigned shift = layout.page_shift + layout.page_shift - 3; shift <= top;
             shift += layout.page_shift - 3) {
            CAPTURE(layout.page_shift);
            CAPTURE(layout.va_bits);
            CAPTURE(shift);
            Tables tables(layout);
            const std::uint64_t vaddr = tables.first(), paddr = tables.highest_paddr();
            tables.map(vaddr, entry_for(layout, paddr, block) | attributes, shift);
            const auto found = tables.walk(vaddr + 0x12345);
            if (std::find(layout.blocks.begin(), layout.blocks.end(), shift) == layout.blocks.end()) {
                CHECK(found.error().code == ErrorCode::NotMapped);
                continue;
            }
            REQUIRE(found);
            CHECK(found->paddr == paddr + 0x12345);
            CHECK(found->page_size == 1ull << shift);
        }
    }
}

TEST_CASE("a page or a block that no program may touch is a process's all the same") {
    constexpr std::uint64_t not_global = 1ull << 11, nobody_executes = 3ull << 53, older_mark = 1ull << 58;
    for (const Layout& layout : layouts) {
        const std::uint64_t paddr = 0x4000000000, large = layout.blocks.front();
        for (const std::uint64_t mark : {older_mark | not_global, not_global | nobody_executes}) {
            Tables tables(layout);
            tables.map(0, entry_for(layout, paddr, page & ~1ull) | attributes | mark, layout.page_shift);
            CHECK(tables.walk(0x123, true).value().paddr == paddr + 0x123);
            CHECK(arm64::page_entry(entry_for(layout, paddr, page & ~1ull) | mark).present);
            Tables blocks(layout);
            const std::uint64_t entry = entry_for(layout, paddr, 0) | attributes | mark;
            blocks.map(0, entry, static_cast<unsigned>(large));
            CHECK(blocks.walk(0x12345, true).value().paddr == paddr + 0x12345);
            CHECK(arm64::page_entry(entry).present);
        }
        // In a table above, the same bits are nothing that leads on; and the kernel keeps no page from
        // itself.
        Tables none(layout);
        none.map(0, entry_for(layout, paddr, page & ~1ull), static_cast<unsigned>(large));
        CHECK(none.walk(0, true).error().code == ErrorCode::NotMapped);
        Tables kernel(layout);
        kernel.map(kernel.first(), entry_for(layout, paddr, page & ~1ull), layout.page_shift);
        CHECK(kernel.walk(kernel.first()).error().code == ErrorCode::NotMapped);
    }
    CHECK_FALSE(arm64::page_entry(0x123 << 12 | 2 << 6 | 4).present);  // swapped out
    CHECK_FALSE(arm64::page_entry(0x123 << 8 | 2 << 3 | 4).present);
}

TEST_CASE("what is no entry: not valid, and at the lowest level all but a page") {
    for (const Layout& layout : layouts) {
        for (const std::uint64_t kind : {0ull, 1ull, 2ull}) {
            Tables tables(layout);
            tables.map(tables.first(), 0x40000000 | attributes | kind, layout.page_shift);
            CHECK(tables.walk(tables.first()).error().code == ErrorCode::NotMapped);
        }
    }
}

TEST_CASE("addresses of the user's half, and those between the halves") {
    for (const Layout& layout : layouts) {
        Tables tables(layout);
        tables.map(tables.first(), 0x40000000 | page, layout.page_shift);
        const std::uint64_t bit = 1;
        for (const std::uint64_t vaddr : {0 * bit, ~tables.first(), tables.first() & ~(bit << 63),
                                          tables.first() & ~(bit << layout.va_bits)})
            CHECK(tables.walk(vaddr).error().code == ErrorCode::NotMapped);
    }
}

TEST_CASE("a table that cannot be read gives the page's own reason") {
    for (const Layout& layout : layouts) {
        Tables tables(layout);
        tables.map(tables.first(), 0x40000000 | page, layout.page_shift);
        for (const ErrorCode code : {ErrorCode::PageMissing, ErrorCode::PageExcluded}) {
            tables.dump.fail_page(tables.lowest, code);
            CHECK(tables.walk(tables.first()).error().code == code);
        }
    }
}

}  // namespace arm64_page_tables_test
