// Entries of pages that were swapped out, in the form of each architecture and age.
#include "kernel/mm/swapped_pages.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "arch/arm64/page_tables.h"
#include "arch/i386/page_tables.h"
#include "arch/ppc64/page_tables.h"
#include "arch/riscv64/page_tables.h"
#include "arch/s390x/page_tables.h"
#include "arch/x86_64/page_tables.h"
#include "support/fake_kernel.h"

namespace swapped_pages_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t slots = 0x4000;

// Three swap areas, of which one has pages in use.
struct Machine {
    enum class Counts { Map, Clusters };

    explicit Machine(bool marks_exclusive, Counts counts, std::uint64_t area = 2) : counts_(counts) {
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8), u32 = b.integer("unsigned int", 4),
                   s32 = b.integer("int", 4, true), u8 = b.integer("unsigned char", 1);
        if (marks_exclusive) b.enumeration("pageflags", {{"PG_locked", 0}, {"PG_anon_exclusive", 17}}, false);
        std::vector<test::BtfMember> members = {{"flags", u64, 0},         {"prio", s32, 64},
                                                {"max", u32, 96},          {"pages", u32, 128},
                                                {"inuse_pages", u32, 160}, {"bdev", u64, 192}};
        if (counts == Counts::Map) {
            members.push_back({"swap_map", b.pointer(u8), 256});
        } else {
            b.structure("swap_table", per_cluster * 8, {{"entries", b.array(u64, per_cluster), 0}});
            const auto cluster = b.structure("swap_cluster_info", 16, {{"table", b.pointer(u64), 64}});
            members.push_back({"cluster_info", b.pointer(cluster), 256});
        }
        b.structure("swap_info_struct", 64, members);
        const auto table = fake.variable("swap_info", 32 * 8);
        fake.put<std::uint32_t>(fake.variable("nr_swapfiles"), 3);
        const std::uint64_t list_bytes = counts == Counts::Map ? slots : slots / per_cluster * 16;
        list_ = fake.allocate_page(list_bytes);
        const auto empty = fake.allocate_page(list_bytes);
        for (std::uint64_t i = 0; i < 3; ++i) {
            const auto info = fake.allocate(64);
            fake.put_u64(table + i * 8, info);
            fake.put_u64(info, 3);
            fake.put<std::uint32_t>(info + 12, slots);
            fake.put_u64(info + 32, i == area ? list_ : empty);
        }
    }

    void use(std::uint64_t page) {
        if (counts_ == Counts::Map) return fake.put<std::uint8_t>(list_ + page, 1);
        const auto cluster = list_ + page / per_cluster * 16;
        const auto table = fake.allocate_page(per_cluster * 8);
        fake.put_u64(cluster + 8, table);
        fake.put_u64(table + page % per_cluster * 8, 0x100);
    }

    void lose_list() {
        for (std::uint64_t at = 0; at < slots; at += 4096) fake.lose(list_ + at);
    }

    static constexpr std::uint64_t per_cluster = 256;
    FakeKernel fake;

  private:
    Counts counts_;
    std::uint64_t list_ = 0;
};

struct Form {
    std::string name;
    std::span<const SwapEntryForm> forms;
    bool marks_exclusive;
    std::uint64_t (*entry)(std::uint64_t area, std::uint64_t page);
};

using U64 = std::uint64_t;

const Form forms[] = {
    {"x86_64, 4.18", x86_64::swap_entries, true,
     [](U64 area, U64 page) { return (~page << 14 >> 5) | area << 59; }},
    {"x86_64, 4.8", x86_64::swap_entries, false, [](U64 area, U64 page) { return page << 14 | area << 9; }},
    {"x86_64, 2.6.32", x86_64::swap_entries, false, [](U64 area, U64 page) { return page << 9 | area << 1; }},
    {"i386 PAE, 4.18", i386::swap_entries, true,
     [](U64 area, U64 page) { return (~page << 14 >> 5) | area << 59; }},
    {"i386 PAE, 2.6.32", i386::swap_entries, false,
     [](U64 area, U64 page) { return (page << 5 | area) << 32; }},
    {"i386", i386::swap_entries, true, [](U64 area, U64 page) { return page << 9 | area << 1; }},
    {"arm64, 6.11", arm64::swap_entries, true, [](U64 area, U64 page) { return page << 12 | area << 6 | 4; }},
    {"arm64, 5.19", arm64::swap_entries, true, [](U64 area, U64 page) { return page << 8 | area << 3 | 4; }},
    {"arm64, 5.10", arm64::swap_entries, false, [](U64 area, U64 page) { return page << 8 | area << 2; }},
    {"riscv64, 6.3", riscv64::swap_entries, true,
     [](U64 area, U64 page) { return page << 12 | area << 7 | 64; }},
    {"riscv64, 6.1", riscv64::swap_entries, true, [](U64 area, U64 page) { return page << 11 | area << 6; }},
    {"s390x", s390x::swap_entries, true, [](U64 area, U64 page) { return page << 12 | 0xe00 | area << 2; }},
    {"ppc64", ppc64::swap_entries, true, [](U64 area, U64 page) { return page << 12 | area | U64{1} << 62; }},
};

std::optional<std::uint64_t> page_of(const std::optional<SwappedPage>& found, std::uint32_t area = 2) {
    return found && found->area == area ? std::optional(found->page) : std::nullopt;
}

}  // namespace

TEST_CASE("each form of each architecture is read, by what its swap areas have in use") {
    for (const auto counts : {Machine::Counts::Map, Machine::Counts::Clusters}) {
        for (const Form& form : forms) {
            CAPTURE(form.name);
            for (const std::uint64_t page : {std::uint64_t{1}, std::uint64_t{0x123}, slots - 1}) {
                CAPTURE(page);
                Machine machine(form.marks_exclusive, counts);
                machine.use(page);
                const auto kernel = machine.fake.open();
                SwappedPages swapped(*kernel, form.forms);
                CHECK(page_of(swapped.find(form.entry(2, page))) == page);
                // What is not in use, the area's header, what lies behind its end, an area that no machine
                // has (a page that moves): none of them is a place.
                CHECK_FALSE(swapped.find(form.entry(2, page ^ 2)));
                CHECK_FALSE(swapped.find(form.entry(2, 0)));
                CHECK_FALSE(swapped.find(form.entry(2, slots)));
                CHECK_FALSE(swapped.find(form.entry(31, page)));
                CHECK_FALSE(swapped.find(0));
            }
        }
    }
}

TEST_CASE("an entry that can be read in two ways is read as its neighbours can, or not at all") {
    constexpr std::uint64_t either = 0x40 << 8;  // page 0x40 of arm64 before 6.11, page 4 since
    const auto pages_of = [](std::uint64_t entry) {
        return [entry](unsigned index) {
            return index < 3 ? std::optional(index == 2 ? entry : 0) : std::nullopt;
        };
    };
    Machine machine(true, Machine::Counts::Map, 0);
    for (const std::uint64_t page : {0x40u, 0x41u, 4u, 5u}) machine.use(page);
    const auto kernel = machine.fake.open();
    SwappedPages older(*kernel, arm64::swap_entries), newer(*kernel, arm64::swap_entries);
    CHECK_FALSE(older.find(either));
    // (what was staged of the areas has no names either)
    CHECK(std::ranges::any_of(older.take_problems(), [](const Error& one) {
        return one.message.find("several ways") != one.message.npos;
    }));
    CHECK_FALSE(older.find(either, pages_of(either)));
    CHECK(page_of(older.find(either, pages_of(0x41 << 8)), 0) == 0x40);
    CHECK(page_of(older.find(either), 0) == 0x40);
    CHECK(page_of(newer.find(either, pages_of(5 << 12)), 0) == 4);
    CHECK(page_of(newer.find(either), 0) == 4);
}

TEST_CASE("where a swap area's own list is lost, what fits its size is read, and teaches nothing") {
    Machine machine(true, Machine::Counts::Map, 0);
    machine.use(0x41);
    machine.lose_list();
    const auto kernel = machine.fake.open();
    SwappedPages swapped(*kernel, arm64::swap_entries);
    CHECK(page_of(swapped.find(0x41 << 8), 0) == 0x41);
    CHECK_FALSE(swapped.find(
        0x40 << 8, [](unsigned index) { return std::optional<std::uint64_t>(index < 9 ? 0x41 << 8 : 0); }));
}

}  // namespace swapped_pages_test
