// Sv39, Sv48 and Sv57 as the RISC-V manual defines them: pages at every level, runs of sixteen pages, entries
// that say what kind of memory it is, both halves, and each way to say no.
#include "arch/riscv64/page_tables.h"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace riscv64_page_tables_test {

using namespace postmortem;
using test::SparseDump;

namespace {

constexpr std::uint64_t table = 0x1, page = 0xcf, napot = 1ull << 63;  // V; D A X W R V
constexpr std::uint64_t high_paddr = 0xabcull << 44;                   // of 56 bits

std::uint64_t entry_for(std::uint64_t paddr, std::uint64_t flags) {
    return paddr >> 12 << 10 | flags;
}

struct Tables {
    explicit Tables(unsigned bits) : va_bits(bits), levels((bits - 12) / 9) {}
    void map(std::uint64_t vaddr, std::uint64_t entry, unsigned size) {
        std::uint64_t at = root;
        unsigned shift = 12 + 9 * (levels - 1);
        for (; shift > size; shift -= 9) {
            dump.put<std::uint64_t>(slot(at, vaddr, shift), entry_for(next, table));
            at = next;
            next += 4096;
        }
        lowest = at;
        dump.put<std::uint64_t>(slot(at, vaddr, shift), entry);
    }
    static std::uint64_t slot(std::uint64_t at, std::uint64_t vaddr, unsigned shift) {
        return at + (vaddr >> shift & 0x1ff) * 8;
    }
    Result<Translation> walk(std::uint64_t vaddr, bool user = false) const {
        const PhysicalMemory physical(dump);
        return riscv64::make_walker(physical, {root, va_bits, user})->walk(vaddr);
    }
    std::uint64_t first() const { return ~0ull << (va_bits - 1); }

    unsigned va_bits, levels;
    SparseDump dump{4096};
    std::uint64_t root = 0x80001000, next = 0x80002000, lowest = 0;
};

}  // namespace

TEST_CASE("pages of every level, anywhere in the kernel's half") {
    for (const unsigned bits : {39u, 48u, 57u}) {
        for (unsigned shift = 12; shift < bits; shift += 9) {
            CAPTURE(bits);
            CAPTURE(shift);
            const std::uint64_t size = 1ull << shift;
            for (const std::uint64_t place : {~0ull << (bits - 1), ~0ull << (bits - 2), ~0ull}) {
                Tables tables(bits);
                const std::uint64_t vaddr = place & ~(size - 1), paddr = high_paddr & ~(size - 1);
                tables.map(vaddr, entry_for(paddr, page), shift);
                const auto found = tables.walk(vaddr + 0x123);
                REQUIRE(found);
                CHECK(found->paddr == paddr + 0x123);
                CHECK(found->page_size == size);
                CHECK(tables.walk(vaddr + size - 1).value().paddr == paddr + size - 1);
                CHECK(tables.walk(vaddr ^ size).error().code == ErrorCode::NotMapped);
            }
        }
    }
}

TEST_CASE("the kind of memory is no address, and sixteen pages in a row are one") {
    Tables tables(48);
    const std::uint64_t vaddr = tables.first();
    tables.map(vaddr, entry_for(0x12345000, page) | 2ull << 61, 12);  // Svpbmt: IO
    CHECK(tables.walk(vaddr + 5).value().paddr == 0x12345005);

    const std::uint64_t run = entry_for(0x12340000 | 8 << 12, page) | napot;
    tables.map(vaddr, run, 12);
    CHECK(tables.walk(vaddr + 5).value().paddr == 0x12340005);
    CHECK(tables.walk(vaddr + 5).value().page_size == 0x10000);
    CHECK(riscv64::page_entry(run).physical == 0x12340000);
    // The entry of any page of the run says the same.
    tables.map(vaddr + 0x5000, run, 12);
    CHECK(tables.walk(vaddr + 0x5123).value().paddr == 0x12345123);
    // T-Head's input and output
    tables.map(vaddr, entry_for(0x12348000, page) | napot | 1ull << 60, 12);
    CHECK(tables.walk(vaddr).value().paddr == 0x12348000);
}

TEST_CASE("what is no page: not valid, and at the lowest level a pointer to a table") {
    for (const std::uint64_t flags : {0ull, 0xceull, 0x1ull}) {
        Tables tables(39);
        tables.map(tables.first(), entry_for(0x12345000, flags), 12);
        CHECK(tables.walk(tables.first()).error().code == ErrorCode::NotMapped);
    }
}

TEST_CASE("each half by itself, and what lies between them") {
    for (const unsigned bits : {39u, 48u, 57u}) {
        Tables tables(bits);
        const std::uint64_t highest = (1ull << (bits - 1)) - 4096;
        tables.map(highest, entry_for(0x12345000, page | 0x10), 12);
        CHECK(tables.walk(highest + 7, true).value().paddr == 0x12345007);
        CHECK(tables.walk(highest).error().code == ErrorCode::NotMapped);
        CHECK(tables.walk(highest + 4096, true).error().code == ErrorCode::NotMapped);
        CHECK(tables.walk(tables.first(), true).error().code == ErrorCode::NotMapped);
        CHECK(tables.walk(tables.first() & ~(1ull << 63)).error().code == ErrorCode::NotMapped);
    }
}

TEST_CASE("a page that no program may touch is a process's all the same") {
    for (const std::uint64_t bits : {0x20u, 0x22u}) {
        Tables tables(48);
        tables.map(0x10000, entry_for(0x12345000, bits), 12);
        CHECK(tables.walk(0x10007, true).value().paddr == 0x12345007);
        Tables huge(48);
        huge.map(2u << 20, entry_for(0x12200000, bits), 21);
        CHECK(huge.walk((2u << 20) + 7, true).has_value() == (bits == 0x22));
    }
    Tables kernel(48);
    kernel.map(kernel.first(), entry_for(0x12345000, 0x22), 12);
    CHECK(kernel.walk(kernel.first()).error().code == ErrorCode::NotMapped);
}

TEST_CASE("a table that cannot be read gives the page's own reason") {
    for (const ErrorCode code : {ErrorCode::PageMissing, ErrorCode::PageExcluded}) {
        Tables tables(57);
        tables.map(tables.first(), entry_for(0x12345000, page), 12);
        tables.dump.fail_page(tables.lowest, code);
        CHECK(tables.walk(tables.first()).error().code == code);
    }
}

TEST_CASE("an entry in words") {
    const PageEntry kernel = riscv64::page_entry(entry_for(0x12345000, 0xe7));
    CHECK(kernel.present);
    CHECK(kernel.physical == 0x12345000);
    const auto has = [](const PageEntry& entry, std::string_view word) {
        return std::find(entry.flags.begin(), entry.flags.end(), word) != entry.flags.end();
    };
    for (const char* word : {"PRESENT", "GLOBAL", "DIRTY", "ACCESSED", "WRITE", "READ"})
        CHECK(has(kernel, word));
    CHECK_FALSE(has(kernel, "EXEC"));
    CHECK_FALSE(has(kernel, "USER"));
    const PageEntry kept = riscv64::page_entry(entry_for(0x12345000, 0x20));
    CHECK(kept.present);
    CHECK(has(kept, "PROT_NONE"));
    CHECK_FALSE(has(kept, "GLOBAL"));
    CHECK_FALSE(riscv64::page_entry(0x1080).present);  // swapped out
}

}  // namespace riscv64_page_tables_test
