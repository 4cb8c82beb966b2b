// Lines of /proc/meminfo that only some machines and kernels have.
#include "report/memory/meminfo_lines.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "arch/s390x/s390x.h"
#include "support/fake_kernel.h"

namespace meminfo_lines_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

using Lines = std::map<std::string, std::uint64_t>;

Lines lines_of(FakeKernel& fake, const ZoneTable& zones, const std::vector<HugePagePool>& huge) {
    const auto kernel = fake.open();
    const auto names = VmCounterNames::read(*kernel);
    const auto counters = VmCounters::read(*kernel, *names);
    const SwapState swap;
    ProblemCollector problems;
    Lines found;
    for (const MeminfoLine& line : make_meminfo_lines(*kernel, {*counters, zones, swap, huge}, problems))
        found[line.name] = line.value;
    return found;
}

struct HighMemory {
    explicit HighMemory(FakeBuild build) : fake(build) {
        fake.types().enumeration("zone_stat_item", {{"NR_FREE_PAGES", 0}, {"NR_VM_ZONE_STAT_ITEMS", 1}});
        fake.types().enumeration("node_stat_item", {{"NR_FILE_PAGES", 0}, {"NR_VM_NODE_STAT_ITEMS", 1}});
        fake.types().enumeration("zone_type", {{"ZONE_HIGHMEM", 2}, {"ZONE_MOVABLE", 3}});
        fake.put_word(fake.variable("_totalram_pages"), 1000);
        fake.put_word(fake.variable("_totalhigh_pages"), 300);
        fake.put<std::int32_t>(fake.variable("movable_zone", 4), 2);
        const std::uint64_t counts = fake.variable("direct_pages_count", 40);
        fake.put_word(counts + fake.word(), 6);
        fake.put_word(counts + 2 * fake.word(), 5);
        fake.put_word(fake.variable("vm_zone_stat"), 500);
        fake.variable("vm_node_stat");
    }

    /// Page tables as boot leaves them: pkmap_page_table is that which maps `base`.
    void map_pkmap(std::uint64_t base) {
        fake.put_word(fake.variable("high_memory"), 0xd0000000);
        fake.put_word(fake.variable("pkmap_page_table"), fake.page_table_of(base));
    }

    Lines lines() {
        ZoneTable zones;
        zones.nodes.push_back({});
        for (const auto& [name, free] : {std::pair("Normal", 400), {"HighMem", 70}, {"Movable", 30}}) {
            MemoryZone zone;
            zone.name = name;
            zone.counters = {free};
            zones.nodes.back().zones.push_back(zone);
        }
        return lines_of(fake, zones, {});
    }

    FakeKernel fake;
};

/// A kernel that counts what it can give back beside its slabs, under one name or the other.
struct GivesBack {
    explicit GivesBack(const char* counter, std::uint64_t value) {
        auto& types = fake.types();
        types.enumeration("zone_stat_item", {{"NR_FREE_PAGES", 0}, {"NR_VM_ZONE_STAT_ITEMS", 1}});
        types.enumeration("node_stat_item", {{"NR_ACTIVE_FILE", 0},
                                             {"NR_INACTIVE_FILE", 1},
                                             {"NR_SLAB_RECLAIMABLE", 2},
                                             {"NR_SLAB_UNRECLAIMABLE", 3},
                                             {counter, 4},
                                             {"NR_VM_NODE_STAT_ITEMS", 5}});
        fake.put_u64(fake.variable("vm_zone_stat"), 10000);
        const std::uint64_t node = fake.variable("vm_node_stat", 5 * 8);
        for (const auto& [index, pages] :
             {std::pair<int, std::uint64_t>{0, 100}, {1, 50}, {2, 400}, {4, value}})
            fake.put_u64(node + 8 * static_cast<unsigned>(index), pages);
        fake.put_u64(fake.variable("totalreserve_pages"), 1000);
        fake.variable("si_mem_available");
    }

    Lines lines() {
        ZoneTable zones;
        zones.nodes.push_back({});
        zones.nodes.back().zones.push_back({});
        zones.nodes.back().zones.back().low = 60;
        return lines_of(fake, zones, {{2 << 20, 3, 3, 0, 0, true}});
    }

    FakeKernel fake;
};

// All but the reserve and what is kept of files and slabs: half of it, or the low watermark
constexpr std::uint64_t available_without = 10000 - 1000 + (150 - 60) + (400 - 60);

}  // namespace

TEST_CASE("MemAvailable: what can be given back beside slabs, in bytes until 4.19, in pages since") {
    CHECK(GivesBack("NR_INDIRECTLY_RECLAIMABLE_BYTES", 192).lines().at("MemAvailable") ==
          4 * available_without);
    CHECK(GivesBack("NR_INDIRECTLY_RECLAIMABLE_BYTES", 5 << 12).lines().at("MemAvailable") ==
          4 * (available_without + 5));
    CHECK(GivesBack("NR_KERNEL_MISC_RECLAIMABLE", 100).lines().at("MemAvailable") ==
          4 * (available_without + 100));
}

TEST_CASE("Hugetlb since 4.16: not of a 4.14 that has its counter from a stable release") {
    GivesBack stable("NR_INDIRECTLY_RECLAIMABLE_BYTES", 0), later("NR_INDIRECTLY_RECLAIMABLE_BYTES", 0),
        recent("NR_KERNEL_MISC_RECLAIMABLE", 0), before("NR_SLAB_OTHER", 0);
    stable.fake.variable("hugepages_treat_as_movable", 4);
    CHECK_FALSE(stable.lines().contains("Hugetlb"));
    CHECK_FALSE(before.lines().contains("Hugetlb"));
    CHECK(later.lines().at("Hugetlb") == 3 * 2048);
    CHECK(recent.lines().at("Hugetlb") == 3 * 2048);
}

TEST_CASE("high and low memory, and large pages of either size") {
    for (const FakeBuild build : {FakeBuild::I386, FakeBuild::I386Pae}) {
        HighMemory machine(build);
        const auto lines = machine.lines();
        CHECK(lines.at("HighTotal") == 1200);
        CHECK(lines.at("HighFree") == 400);
        CHECK(lines.at("LowTotal") == 2800);
        CHECK(lines.at("LowFree") == 1600);
        CHECK(lines.at("DirectMap4k") == 24);
        const bool pae = build == FakeBuild::I386Pae;
        CHECK(lines.contains("DirectMap2M") == pae);
        CHECK(lines.at(pae ? "DirectMap2M" : "DirectMap4M") == 5u * (pae ? 2048 : 4096));
    }
}

TEST_CASE("large pages of another size, of an s390 kernel") {
    std::vector<std::string> lines;
    for (const DirectMapLine& line : s390x::arch.memory.direct_map_lines(VmcoreInfo{}))
        lines.push_back(fmt::format("{} {} {}", line.name, line.index, line.page_kib));
    CHECK(lines ==
          std::vector<std::string>{"DirectMap4k 0 4", "DirectMap1M 1 1024", "DirectMap2G 2 2097152"});
}

TEST_CASE("zswap's pool and what lies in it, before 6.11") {
    HighMemory machine(FakeBuild::I386);
    machine.fake.types().enumeration("vm_event_item", {{"ZSWPIN", 0}, {"NR_VM_EVENT_ITEMS", 1}});
    machine.fake.put<std::uint32_t>(machine.fake.variable("zswap_stored_pages", 4), 5000);
    machine.fake.put<std::uint64_t>(machine.fake.variable("zswap_pool_total_size", 8), 3 << 20);
    auto lines = machine.lines();
    CHECK(lines.at("Zswap") == 3 << 10);
    CHECK(lines.at("Zswapped") == 5000 * 4);
}

TEST_CASE("vmalloc space ends two pages below where high memory is mapped for a while") {
    for (const FakeBuild build : {FakeBuild::I386, FakeBuild::I386Pae}) {
        HighMemory machine(build);
        machine.map_pkmap(0xff800000);
        CHECK(machine.lines().at("VmallocTotal") == (0xff800000 - 0x2000 - 0xd0800000) / 1024);
        HighMemory without(build);
        CHECK_FALSE(without.lines().contains("VmallocTotal"));
    }
}

}  // namespace meminfo_lines_test
