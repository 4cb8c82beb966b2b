// A healthy machine of any size gets no verdict, and a machine that has run out gets one: zones, watermarks
// and reserves by the kernel's own arithmetic (mm/page_alloc.c: __setup_per_zone_wmarks,
// setup_per_zone_lowmem_reserve; mm/khugepaged.c: set_recommended_min_free_kbytes), from 128 MiB to 1 TiB.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "report/oom/oom_scene.h"
#include "report/oom/oom_state.h"

namespace oom_healthy_test {

using namespace postmortem;
using Kind = OomFindingKind;

namespace {

constexpr std::uint64_t mib = 1024;  // in KiB, as everything here
constexpr std::uint64_t gib = 1024 * mib;
constexpr std::uint64_t page_kib = 4;

/// What can differ between machines of one size.
struct Build {
    std::uint64_t memory = 0;
    std::uint64_t below_hole = 0;  ///< of it below 4 GiB
    std::uint64_t crash_kernel = 0;
    bool huge_pages = false;  ///< khugepaged raises min_free_kbytes
    unsigned nodes = 1;
};

std::uint64_t min_free(const Build& build, const std::vector<ZoneUse>& zones, std::uint64_t managed) {
    const auto root = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(managed) * 16));
    const std::uint64_t kib = std::clamp<std::uint64_t>(root, 128, 256 * mib);
    const std::uint64_t recommended = std::min(22 * mib * zones.size(), managed / 20);
    return build.huge_pages ? std::max(kib, recommended) : kib;
}

void set_watermarks(const Build& build, std::vector<ZoneUse>& zones) {
    std::uint64_t managed = 0;
    for (const ZoneUse& zone : zones) managed += zone.managed * page_kib;
    const std::uint64_t pages = min_free(build, zones, managed) / page_kib;
    for (ZoneUse& zone : zones) {
        zone.min = pages * zone.managed / (managed / page_kib);
        const std::uint64_t step = std::max(zone.min / 4, zone.managed / 1000);
        zone.low = zone.min + step;
        zone.high = zone.low + step;
    }
}

// One entry each for DMA, DMA32, Normal and Movable.
void set_reserves(std::vector<ZoneUse>& zones) {
    const auto rank = [](const ZoneUse& zone) {
        return zone.name == "DMA" ? 0 : zone.name == "DMA32" ? 1 : 2;
    };
    for (ZoneUse& zone : zones) {
        zone.lowmem_reserve.assign(4, 0);
        for (int type = rank(zone) + 1; type < 4; ++type) {
            std::uint64_t above = 0;
            for (const ZoneUse& other : zones)
                if (other.node == zone.node && rank(other) > rank(zone) && rank(other) <= type)
                    above += other.managed;
            zone.lowmem_reserve[static_cast<std::size_t>(type)] = above / (rank(zone) == 2 ? 32 : 256);
        }
    }
}

std::vector<ZoneUse> zones_of(const Build& build) {
    std::vector<ZoneUse> zones;
    const auto add = [&](std::uint32_t node, const char* name, std::uint64_t present, std::uint64_t managed) {
        ZoneUse zone;
        zone.node = node;
        zone.name = name;
        zone.present = present / page_kib;
        zone.managed = managed / page_kib;
        zones.push_back(zone);
    };
    const std::uint64_t low = std::min(build.memory, build.below_hole), high = build.memory - low;
    add(0, "DMA", 15992, 15360);
    add(0, "DMA32", low - 16 * mib, (low - 16 * mib) / 100 * 98 - build.crash_kernel);
    for (unsigned node = 0; node < build.nodes && high != 0; ++node)
        add(node, "Normal", high / build.nodes, high / build.nodes / 100 * 98);
    set_watermarks(build, zones);
    set_reserves(zones);
    return zones;
}

std::uint64_t top_reserve(const ZoneUse& zone) {
    return zone.lowmem_reserve.back();
}

OomState state_of(std::vector<ZoneUse> zones, std::uint64_t available_percent,
                  std::optional<CgroupTree> cgroups = {}) {
    OomState state;
    state.cgroups = std::move(cgroups);
    state.memory.page_bytes = page_kib * 1024;
    std::uint64_t managed = 0;
    for (const ZoneUse& zone : zones) managed += zone.managed * page_kib;
    state.memory.zones = std::move(zones);
    state.memory.meminfo = {{"MemTotal", managed, false},
                            {"MemAvailable", managed * available_percent / 100, false}};
    state.scene = make_oom_scene(state.memory, nullptr);
    explain_oom_state(state);
    return state;
}

// Of a limit of 1 GiB.
CgroupTree one_group(std::uint64_t percent) {
    CgroupTree tree;
    CgroupNode& group = tree.groups.emplace_back();
    group.path = "/system.slice/web.service";
    group.memory.emplace();
    group.memory->max_pages = gib / page_kib;
    group.memory->usage_pages = gib / page_kib * percent / 100;
    return tree;
}

void check_healthy(const OomState& state) {
    CAPTURE(state.verdict.summary);
    CHECK(state.verdict.why.size() == 1);
    CHECK(state.verdict.has(Kind::MemoryWasFree));
    CHECK(state.verdict.summary.find("memory was not short") != std::string::npos);
    CHECK(state.verdict.next_steps.empty());
}

std::vector<std::uint64_t> sizes() {
    std::vector<std::uint64_t> sizes;
    for (std::uint64_t size = 128 * mib; size <= 1024 * gib; size += std::max(32 * mib, size / 64))
        sizes.push_back(size);
    return sizes;
}

template <class Check>
void for_each_machine(const Check& check) {
    for (const std::uint64_t memory : sizes())
        for (const std::uint64_t below_hole : {2 * gib, 3 * gib, 3 * gib + 512 * mib})
            for (const std::uint64_t crash_kernel : {std::uint64_t{0}, 256 * mib, 512 * mib})
                for (const bool huge_pages : {false, true})
                    for (const unsigned nodes : {1u, 2u}) {
                        if (std::min(memory, below_hole) < 2 * crash_kernel + 64 * mib) continue;
                        const Build build{memory, below_hole, crash_kernel, huge_pages, nodes};
                        CAPTURE(memory / mib);
                        CAPTURE(below_hole / mib);
                        CAPTURE(crash_kernel / mib);
                        CAPTURE(huge_pages);
                        CAPTURE(nodes);
                        check(zones_of(build));
                    }
}

}  // namespace

TEST_CASE("a machine that has just booted gets no verdict, whatever its size") {
    for_each_machine([](std::vector<ZoneUse> zones) {
        for (ZoneUse& zone : zones)
            zone.free = zone.name == "DMA" ? 14848 / page_kib : zone.managed / 20 * 19;
        check_healthy(state_of(std::move(zones), 93));
    });
}

TEST_CASE("a machine whose memory is full of page cache gets no verdict, whatever its size") {
    // Each zone down to where kswapd wakes, up to where it sleeps.
    for (const std::uint64_t eighths : {0u, 1u, 4u, 8u})
        for_each_machine([&](std::vector<ZoneUse> zones) {
            for (ZoneUse& zone : zones) {
                const std::uint64_t at = zone.low + (zone.high - zone.low) * eighths / 8 + top_reserve(zone);
                zone.free = std::min(zone.managed - zone.managed / 30, at);
            }
            check_healthy(state_of(std::move(zones), 40));
        });
}

TEST_CASE("a control group within a fiftieth of its limit is told, one that is further away is not") {
    const std::vector<ZoneUse> zones = [] {
        std::vector<ZoneUse> made = zones_of({8 * gib, 3 * gib});
        for (ZoneUse& zone : made) zone.free = zone.managed / 2;
        return made;
    }();
    for (const std::uint64_t percent : {99u, 100u}) {
        const OomState state = state_of(zones, 60, one_group(percent));
        CHECK(state.verdict.has(Kind::MemcgLimit));
        REQUIRE(state.verdict.oom_cgroup);
        CHECK(state.verdict.oom_cgroup->unit == "web.service");
    }
    for (const std::uint64_t percent : {50u, 97u}) check_healthy(state_of(zones, 60, one_group(percent)));
}

TEST_CASE("what the kernel took for itself is told from a seventh of memory on, with its largest caller") {
    const auto told = [](std::string_view part, std::uint64_t kib) {
        OomState state;
        state.memory.page_bytes = page_kib * 1024;
        state.memory.sum.emplace();
        state.memory.sum->total_bytes = gib * 1024;
        state.memory.sum->parts.push_back({std::string(part), "", kib * 1024});
        state.memory.vmalloc_users = {{"leak_some+0x20", "leaky", 1, 20 * mib * 1024}};
        state.scene = make_oom_scene(state.memory, nullptr);
        explain_oom_state(state);
        return state.verdict.who;
    };
    const auto vmalloc = told("vmalloc", 512 * mib);
    REQUIRE(vmalloc.size() == 1);
    CHECK(vmalloc[0].kind == Kind::Vmalloc);
    CHECK(
        vmalloc[0].text ==
        "512 MiB (50 % of 1024 MiB) was taken by vmalloc(); largest caller: leak_some+0x20 [leaky], 20 MiB");
    REQUIRE(vmalloc[0].numbers.size() == 2);
    CHECK(vmalloc[0].numbers[0].value == std::int64_t{512 * mib});
    CHECK(vmalloc[0].numbers[1].value == std::int64_t{gib});
    CHECK(told("zsmalloc", 512 * mib).at(0).kind == Kind::CompressedMemory);
    CHECK(told("percpu", gib / 100 * 16).at(0).kind == Kind::PerCpuMemory);
    CHECK(told("percpu", gib / 100 * 14).empty());
    CHECK(told("slab", 512 * mib).empty());
}

TEST_CASE("one node full of page cache and the other free is no shortage") {
    for_each_machine([](std::vector<ZoneUse> zones) {
        for (ZoneUse& zone : zones)
            zone.free =
                zone.node == 0 && zone.name == "Normal" ? zone.low : zone.managed / 2 + top_reserve(zone);
        for (ZoneUse& zone : zones) zone.free = std::min(zone.free, zone.managed);
        check_healthy(state_of(std::move(zones), 60));
    });
}

TEST_CASE("a machine that has run out is told so, whatever its size") {
    for_each_machine([](std::vector<ZoneUse> zones) {
        for (ZoneUse& zone : zones) zone.free = std::min(zone.managed, zone.min + top_reserve(zone));
        const OomState state = state_of(std::move(zones), 1);
        CHECK(state.verdict.has(Kind::Watermark));
        CHECK_FALSE(state.verdict.has(Kind::ZoneExhausted));
        CHECK_FALSE(state.verdict.has(Kind::MemoryWasFree));
    });
}

TEST_CASE("a low zone that is used up while a higher one has memory is told, whatever the size") {
    for_each_machine([](std::vector<ZoneUse> zones) {
        if (zones.back().name != "Normal") return;
        for (ZoneUse& zone : zones) zone.free = zone.name == "Normal" ? zone.managed / 2 : zone.managed;
        zones[1].free = zones[1].min;
        if (zones[2].free <= zones[2].high) return;  // too small to have memory
        const OomState state = state_of(std::move(zones), 50);
        CHECK(state.verdict.has(Kind::ZoneExhausted));
        CHECK_FALSE(state.verdict.has(Kind::Watermark));
        CHECK(state.verdict.summary.find("low zones were used up") != std::string::npos);
    });
}

}  // namespace oom_healthy_test
