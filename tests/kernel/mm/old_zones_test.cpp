// Zones of kernels before 2.6.34 and 3.8, and other memory under names of its age.
#include <doctest/doctest.h>

#include "kernel/mm/hugetlb.h"
#include "kernel/mm/page_structs.h"
#include "kernel/mm/zones.h"
#include "support/fake_kernel.h"

namespace old_zones_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

/// One node with one zone of 126,885 pages, as 2.6.32 lays it out; what CPUs hold back lies in arrays by CPU.
void make_zone(FakeKernel& fake, bool by_pointer) {
    auto& b = fake.types();
    const auto u64 = b.integer("long unsigned int", 8), s32 = b.integer("int", 4, true),
               s8 = b.integer("char", 1);
    b.enumeration("zone_stat_item",
                  {{"NR_FREE_PAGES", 0}, {"NR_FILE_PAGES", 1}, {"NR_VM_ZONE_STAT_ITEMS", 2}});
    const auto pages =
        b.structure("per_cpu_pages", 16, {{"count", s32, 0}, {"high", s32, 32}, {"batch", s32, 64}});
    const auto set =
        b.structure("per_cpu_pageset", 32, {{"pcp", pages, 0}, {"vm_stat_diff", b.array(s8, 2), 128}});
    const auto zone = b.structure("zone", 256,
                                  {{"watermark", b.array(u64, 3), 0},
                                   {"pageset", b.array(by_pointer ? b.pointer(set) : set, 2), 192},
                                   {"vm_stat", b.array(u64, 2), 1024},
                                   {"zone_start_pfn", u64, 1280},
                                   {"spanned_pages", u64, 1344},
                                   {"present_pages", u64, 1408},
                                   {"name", b.pointer(b.integer("char", 1)), 1472},
                                   {"free_area", b.array(u64, 0), 1536},
                                   {"lowmem_reserve", b.array(u64, 0), 1536}});
    b.structure("pglist_data", 320,
                {{"node_id", s32, 0},
                 {"node_start_pfn", u64, 64},
                 {"node_spanned_pages", u64, 128},
                 {"node_present_pages", u64, 192},
                 {"node_zones", b.array(zone, 1), 256}});
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
    fake.variable("vm_stat", 16);
    const std::uint64_t node = fake.variable("contig_page_data", 320), at = node + 32,
                        name = fake.allocate(16);
    fake.write(name, "DMA32");
    for (std::uint64_t mark = 0; mark < 3; ++mark) fake.put_u64(at + 8 * mark, 700 + mark);
    for (std::uint64_t cpu = 0; cpu < 2; ++cpu) {
        const std::uint64_t own = by_pointer ? fake.allocate(32) : at + 24 + 32 * cpu;
        if (by_pointer) fake.put_u64(at + 24 + 8 * cpu, own);
        fake.put<std::int32_t>(own, static_cast<std::int32_t>(60 + cpu));
        fake.put<std::int32_t>(own + 4, 186);
        fake.put<std::int32_t>(own + 8, 31);
        fake.put<std::int8_t>(own + 16, -5);
        fake.put<std::int8_t>(own + 17, static_cast<std::int8_t>(3 + cpu));
    }
    fake.put_u64(at + 128, 107624);
    fake.put_u64(at + 136, 1892);
    fake.put_u64(at + 168, 130000);
    fake.put_u64(at + 176, 126885);
    fake.put_u64(at + 184, name);
}

/// Empty ones, by the orders of their pages; where the first one lies.
std::uint64_t make_pools(FakeKernel& fake, std::initializer_list<std::uint32_t> orders) {
    auto& b = fake.types();
    const auto u32 = b.integer("unsigned int", 4), u64 = b.integer("long unsigned int", 8);
    b.structure("hstate", 64,
                {{"order", u32, 0},
                 {"nr_huge_pages", u64, 64},
                 {"free_huge_pages", u64, 128},
                 {"resv_huge_pages", u64, 192},
                 {"surplus_huge_pages", u64, 256}});
    const std::uint64_t states = fake.variable("hstates", 64 * orders.size());
    std::uint64_t at = states;
    for (const std::uint32_t order : orders) {
        fake.put(at, order);
        at += 64;
    }
    return states;
}

}  // namespace

TEST_CASE("a kernel that was built without huge pages has none") {
    FakeKernel fake;
    make_zone(fake, false);
    const auto kernel = fake.open();
    const auto pools = read_huge_page_pools(*kernel);
    REQUIRE(pools);
    CHECK(pools->empty());
}

TEST_CASE(
    "before 3.8 what a zone has is what is present, and before 2.6.34 CPUs have their parts in arrays") {
    for (const bool by_pointer : {true, false}) {  // CONFIG_NUMA
        CAPTURE(by_pointer);
        FakeKernel fake;
        make_zone(fake, by_pointer);
        const auto kernel = fake.open();
        const auto names = VmCounterNames::read(*kernel);
        REQUIRE(names);
        const ZoneTable table = read_zones(*kernel, *names);
        for (const Error& problem : table.problems) CHECK_MESSAGE(false, problem.message);
        REQUIRE(table.nodes.size() == 1);
        REQUIRE(table.nodes[0].zones.size() == 1);
        const MemoryZone& zone = table.nodes[0].zones[0];
        CHECK(zone.name == "DMA32");
        CHECK(zone.managed == 126885);
        CHECK(zone.low == 701);
        REQUIRE(zone.page_sets.size() == 2);
        CHECK(zone.page_sets[1].count == 61);
        CHECK(zone.page_sets[1].batch == 31);
        CHECK(zone.counters == CounterValues{107624, 1892});
        CHECK(zone.pending == CounterValues{-10, 7});
    }
}

TEST_CASE("the pools of huge pages have had their number under another name before 3.6") {
    FakeKernel fake;
    const std::uint64_t states = make_pools(fake, {9});
    fake.put_u64(states + 8, 20);
    fake.put_u64(states + 16, 12);
    fake.put<std::uint32_t>(fake.variable("max_hstate", 4), 1);
    fake.put<std::uint32_t>(fake.variable("default_hstate_idx", 4), 0);
    const auto pools = read_huge_page_pools(*fake.open());
    REQUIRE_MESSAGE(pools, pools.error().message);
    REQUIRE(pools->size() == 1);
    CHECK(pools->front().page_bytes == 2 * 1024 * 1024);
    CHECK(pools->front().total == 20);
    CHECK(pools->front().is_default);
}

TEST_CASE("a huge page may have 16 GiB, as with pages of 64 KiB on arm64 and ppc64") {
    FakeKernel fake;
    make_pools(fake, {22, 9});
    fake.put<std::uint32_t>(fake.variable("hugetlb_max_hstate", 4), 2);
    const auto pools = read_huge_page_pools(*fake.open());
    REQUIRE_MESSAGE(pools, pools.error().message);
    CHECK(pools->front().page_bytes == 16ull << 30);
}

TEST_CASE("without a variable that holds it, x86_64 has its struct pages at a fixed address") {
    for (const bool by_section : {true, false}) {  // false: CONFIG_FLATMEM
        CAPTURE(by_section);
        FakeKernel fake;
        fake.tell(by_section ? "SYMBOL(mem_section)=ffffffff8191c040" : "SYMBOL(mem_map)=ffffffff8191c040");
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        b.structure("page", 56, {{"flags", u64, 0}, {"first_page", b.pointer(u64), 256}});
        b.enumeration("pageflags", {{"PG_compound", 13}, {"PG_reclaim", 17}, {"PG_slab", 7}});
        const auto kernel = fake.open();
        const auto pages = PageStructs::open(*kernel);
        if (!by_section) {
            CHECK(pages.error().code == ErrorCode::Unsupported);
            continue;
        }
        REQUIRE_MESSAGE(pages, pages.error().message);
        CHECK(pages->of_frame(3) == 0xffffea0000000000 + 3 * 56);
    }
}

}  // namespace old_zones_test
