// Radix trees of both page sizes, and Linux's own trees beside the hash: big endian in memory of either
// order, pages at every level that has them, and each way to say no.
#include "arch/ppc64/page_tables.h"

#include <array>

#include <doctest/doctest.h>

#include "support/sparse_dump.h"

namespace ppc64_page_tables_test {

using namespace postmortem;
using ppc64::Mmu;
using test::SparseDump;

namespace {

constexpr std::uint64_t valid = 1ull << 63, leaf = 1ull << 62, page = valid | leaf | 0x18f;
constexpr std::uint64_t kernel = 0xcull << 60;

struct Tree {
    Tree(Mmu mmu, unsigned page_shift, std::array<unsigned, 4> bits, Endian endian = Endian::Little)
        : mmu_(mmu), page_shift_(page_shift), bits_(bits), dump(1u << 16, endian) {
        for (unsigned i = 0; i < 4; ++i) put(table(i) + 8 * 7, 0);
    }
    static std::uint64_t table(unsigned number) { return 0x100000 + number * 0x10000; }
    void put(std::uint64_t at, std::uint64_t entry) {
        std::array<std::byte, 8> raw;
        store(raw.data(), entry, Endian::Big);
        dump.write(at, raw);
    }
    // `below` says how many levels lie below the entry.
    void map(std::uint64_t vaddr, std::uint64_t entry, unsigned below = 0) {
        unsigned shift = page_shift_ + bits_[0] + bits_[1] + bits_[2] + bits_[3];
        for (unsigned at = 0;; ++at) {
            shift -= bits_[at];
            const std::uint64_t slot = table(at) + (vaddr >> shift & ((1ull << bits_[at]) - 1)) * 8;
            if (3 - at == below) return put(slot, entry);
            put(slot, mmu_ == Mmu::Radix ? valid | table(at + 1) | bits_[at + 1] : valid | table(at + 1));
        }
    }
    Result<Translation> walk(std::uint64_t vaddr, bool user = false) const {
        const PhysicalMemory physical(dump);
        return ppc64::make_walker(physical, {table(0), page_shift_, mmu_, user})->walk(vaddr);
    }

    Mmu mmu_;
    unsigned page_shift_;
    std::array<unsigned, 4> bits_;
    SparseDump dump;
};

Tree radix_4k() {
    return {Mmu::Radix, 12, {13, 9, 9, 9}};
}
Tree radix_64k(Endian endian = Endian::Little) {
    return {Mmu::Radix, 16, {13, 9, 9, 5}, endian};
}

}  // namespace

TEST_CASE("a page of 4 KiB, and one of 64 KiB, whatever the order of bytes of the rest of memory") {
    constexpr std::uint64_t vaddr = kernel + 0x0008000012345000;
    Tree small = radix_4k();
    small.map(vaddr, page | 0x3456000);
    CHECK(small.walk(vaddr + 0x123).value().paddr == 0x3456123);
    CHECK(small.walk(vaddr).value().page_size == 4096);
    CHECK(small.walk(vaddr + 0x1000).error().code == ErrorCode::NotMapped);
    for (const Endian endian : {Endian::Little, Endian::Big}) {
        Tree tree = radix_64k(endian);
        tree.map(vaddr, page | 0x3450000);
        CHECK(tree.walk(vaddr).value().paddr == 0x3455000);
        CHECK(tree.walk(vaddr).value().page_size == 65536);
    }
}

TEST_CASE("pages of 2 MiB and 1 GiB") {
    constexpr std::uint64_t vaddr = kernel + 0x40000000;
    Tree tree = radix_4k();
    tree.map(vaddr, page | 0x80000000, 2);
    CHECK(tree.walk(vaddr + 0x12345678).value().paddr == 0x92345678);
    CHECK(tree.walk(vaddr).value().page_size == 1u << 30);
    Tree smaller = radix_64k();
    smaller.map(vaddr, page | 0x600000, 1);
    CHECK(smaller.walk(vaddr + 0x1ffff0).value().paddr == 0x7ffff0);
    CHECK(smaller.walk(vaddr).value().page_size == 2u << 20);
}

TEST_CASE("Linux's trees beside the hash") {
    constexpr std::uint64_t small_at = 0xc0003d0000041000, large_at = 0xc008000000040000;
    Tree small{Mmu::Hash, 12, {9, 9, 7, 9}};
    small.map(small_at, page | 0x3456000);
    CHECK(small.walk(small_at + 8).value().paddr == 0x3456008);
    Tree large{Mmu::Hash, 16, {8, 10, 10, 8}};
    large.map(large_at, page | 0x3450000 | 0x3000);  // two bits of the hash's below the frame
    CHECK(large.walk(large_at + 0x9876).value().paddr == 0x3459876);
    Tree huge{Mmu::Hash, 12, {9, 9, 7, 9}};
    huge.map(0x10000000, 0x3456000 | 0x18, 1);  // another kind of table, of huge pages
    CHECK(huge.walk(0x10000000, true).error().code == ErrorCode::NotMapped);
}

TEST_CASE("addresses that are not the tables'") {
    Tree tree = radix_4k();
    tree.map(0x10000000, page | 0x3456000);
    CHECK(tree.walk(0x10000000, true).value().paddr == 0x3456000);
    CHECK(tree.walk(0x10000000).error().code == ErrorCode::NotMapped);
    CHECK(tree.walk(kernel + 0x10000000, true).error().code == ErrorCode::NotMapped);
    CHECK(tree.walk((1ull << 52) + 0x10000000, true).error().code == ErrorCode::NotMapped);
    CHECK(tree.walk(kernel + (1ull << 52) + 0x10000000).error().code == ErrorCode::NotMapped);
    tree.dump.fail_page(Tree::table(2), ErrorCode::PageExcluded);
    CHECK(tree.walk(0x10000000, true).error().code == ErrorCode::PageExcluded);
}

TEST_CASE("the top table says which kind it is") {
    const auto kind = [](const Tree& tree) {
        return ppc64::mmu_of(PhysicalMemory(tree.dump), Tree::table(0)).value();
    };
    Tree radix = radix_64k();
    CHECK(kind(radix) == std::nullopt);
    radix.map(kernel, page, 2);
    CHECK(kind(radix) == Mmu::Radix);
    Tree hash{Mmu::Hash, 16, {8, 10, 10, 8}};
    hash.map(0xc008000000040000, page);
    CHECK(kind(hash) == Mmu::Hash);
    hash.dump.fail_page(Tree::table(0), ErrorCode::PageExcluded);
    CHECK(ppc64::mmu_of(PhysicalMemory(hash.dump), Tree::table(0)).error().code == ErrorCode::PageExcluded);
}

TEST_CASE("entries in words") {
    using Flags = std::vector<std::string_view>;
    const PageEntry used = ppc64::page_entry(valid | leaf | 0x3456000 | 0x187);
    CHECK(used.present);
    CHECK(used.physical == 0x3456000);
    CHECK(used.flags == Flags{"PRESENT", "EXEC", "WRITE", "READ", "DIRTY", "ACCESSED"});
    CHECK(ppc64::page_entry(valid | leaf | 0x3e).flags ==
          Flags{"PRESENT", "WRITE", "READ", "PRIVILEGED", "TOLERANT"});
    CHECK(ppc64::page_entry(valid | leaf | 0x20).flags == Flags{"PRESENT", "NON_IDEMPOTENT"});
    const std::uint64_t swapped = leaf | 0x12340000 | 3;
    CHECK_FALSE(ppc64::page_entry(swapped).present);
}

}  // namespace ppc64_page_tables_test
