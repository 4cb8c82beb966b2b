// The statistics of control groups before 2.6.34, and between 4.18 and 5.9.
#include <doctest/doctest.h>

#include "kernel/mm/memcg_stats.h"
#include "support/fake_kernel.h"

namespace old_memcg_stats_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

enum class Lists { None, ByZoneOfNode, ByNode, OfZones, OfOldZones };

/// A group's pages on its lists, of one node with two zones where there are any: 11, 12, ... of each list.
std::vector<test::BtfMember> declare_lists(FakeKernel& fake, Lists lists) {
    auto& b = fake.types();
    const auto word = b.integer("unsigned long", fake.word());
    const auto lengths = b.array(word, 5);
    std::vector<test::BtfMember> members;
    if (lists == Lists::ByZoneOfNode) members = {{"lru_zone_size", b.array(lengths, 2), 0}};
    if (lists == Lists::ByNode) members = {{"lru_size", lengths, 0}};
    if (lists >= Lists::OfZones) {
        const bool old = lists == Lists::OfOldZones;
        const auto zone =
            b.structure("mem_cgroup_per_zone", 5 * fake.word(), {{old ? "count" : "lru_size", lengths, 0}});
        members = {{"zoneinfo", b.array(zone, 2), 0}};
    }
    const auto node = b.pointer(b.structure("mem_cgroup_per_node", 10 * fake.word(), members));
    const auto nodes = b.array(node, 0);
    const auto s32 = b.integer("int", 4, true);
    b.structure("pglist_data", 32,
                {{"node_id", s32, 0},
                 {"node_start_pfn", word, 64},
                 {"node_spanned_pages", word, 128},
                 {"node_present_pages", word, 192}});
    (void)fake.variable("contig_page_data", 32);
    if (lists != Lists::OfOldZones) return {{"nodeinfo", nodes, 0}};
    return {{"info", b.structure("mem_cgroup_lru_info", 0, {{"nodeinfo", nodes, 0}}), 0}};
}

void put_lists(FakeKernel& fake, std::uint64_t group, Lists lists) {
    const std::uint64_t node = fake.allocate(10 * fake.word());
    fake.put_word(group, node);
    for (std::uint64_t i = 0; i < (lists == Lists::ByNode ? 5 : 10); ++i)
        fake.put_word(node + i * fake.word(), 11 + i % 5);
}

/// Of two CPUs, each in a cache line of its own behind the group.
std::uint64_t make_group(FakeKernel& fake, Lists lists = Lists::None) {
    auto& b = fake.types();
    const auto s64 = b.integer("long long int", 8, true);
    b.enumeration("mem_cgroup_stat_index", {{"MEM_CGROUP_STAT_CACHE", 0},
                                            {"MEM_CGROUP_STAT_RSS", 1},
                                            {"MEM_CGROUP_STAT_FILE_MAPPED", 2},
                                            {"MEM_CGROUP_STAT_SWAPOUT", 6},
                                            {"MEM_CGROUP_STAT_NSTATS", 7}});
    const auto of_cpu = b.structure("mem_cgroup_stat_cpu", 64, {{"count", b.array(s64, 7), 0}});
    const auto stat = b.structure("mem_cgroup_stat", 0, {{"cpustat", b.array(of_cpu, 0), 0}});
    std::vector<test::BtfMember> members;
    if (lists != Lists::None) members = declare_lists(fake, lists);
    members.push_back({"stat", stat, 512});
    b.structure("mem_cgroup", 64, members);
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
    const std::uint64_t group = fake.allocate(64 + 2 * 64);
    if (lists != Lists::None) put_lists(fake, group, lists);
    for (std::uint64_t item = 0; item < 7; ++item) {
        fake.put<std::int64_t>(group + 64 + 8 * item, static_cast<std::int64_t>(100 * item + 10));
        fake.put<std::int64_t>(group + 128 + 8 * item, -3);
    }
    return group;
}

/// As 5.4 has it: numbers of all groups below, and behind the machine's items those of groups alone.
std::uint64_t make_group_of_5_4(FakeKernel& fake, bool counts_lists) {
    auto& b = fake.types();
    const auto s64 = b.integer("long", 8, true);
    const auto pointer = b.pointer(0);
    b.enumeration("node_stat_item", {{"NR_INACTIVE_ANON", 0},
                                     {"NR_ACTIVE_ANON", 1},
                                     {"NR_INACTIVE_FILE", 2},
                                     {"NR_ACTIVE_FILE", 3},
                                     {"NR_UNEVICTABLE", 4},
                                     {"NR_ANON_MAPPED", 5}});
    b.enumeration("memcg_stat_item", {{"MEMCG_CACHE", 6}, {"MEMCG_RSS", 7}});
    b.structure("memcg_vmstats_percpu", 64, {{"stat", b.array(s64, 8), 0}});
    std::vector<test::BtfMember> members{{"vmstats_percpu", pointer, 0},
                                         {"vmstats", b.array(s64, 8), 8 * 16}};
    if (counts_lists) members.push_back({"vmstats_local", pointer, 8 * 8});
    b.structure("mem_cgroup", 128, members);
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 1);
    const std::uint64_t group = fake.allocate(128), of_cpu = fake.allocate(64);
    fake.put<std::uint64_t>(group, of_cpu);
    for (std::uint64_t item = 0; item < 8; ++item)
        fake.put<std::int64_t>(group + 16 + 8 * item, static_cast<std::int64_t>(item + 1));
    return group;
}

std::vector<std::pair<std::string, std::int64_t>> lines_of(FakeKernel& fake, std::uint64_t group) {
    const auto kernel = fake.open();
    const MemcgStatReader reader(*kernel);
    REQUIRE_FALSE(reader.missing());
    const auto numbers = reader.read(group);
    REQUIRE_MESSAGE(numbers, numbers.error().message);
    std::vector<std::pair<std::string, std::int64_t>> lines;
    for (const CgroupStat& line : reader.lines(*numbers)) lines.emplace_back(line.name, line.value);
    return lines;
}

}  // namespace

TEST_CASE("from 5.2 on a group counts the pages on its lists, and memory.stat shows them behind the rest") {
    FakeKernel fake;
    CHECK(lines_of(fake, make_group_of_5_4(fake, true)) ==
          std::vector<std::pair<std::string, std::int64_t>>{{"anon", 8 * 4096},
                                                            {"file", 7 * 4096},
                                                            {"inactive_anon", 1 * 4096},
                                                            {"active_anon", 2 * 4096},
                                                            {"inactive_file", 3 * 4096},
                                                            {"active_file", 4 * 4096},
                                                            {"unevictable", 5 * 4096}});
}

TEST_CASE("before, the numbers by those names are the machine's, and a group's are not shown as zero") {
    FakeKernel fake;
    CHECK(lines_of(fake, make_group_of_5_4(fake, false)) ==
          std::vector<std::pair<std::string, std::int64_t>>{{"anon", 8 * 4096}, {"file", 7 * 4096}});
}

TEST_CASE("before, the pages on a group's lists are counted by its nodes and zones") {
    for (const FakeBuild build : {FakeBuild::X86_64, FakeBuild::I386}) {
        for (const Lists lists : {Lists::ByZoneOfNode, Lists::ByNode, Lists::OfZones, Lists::OfOldZones}) {
            CAPTURE(static_cast<int>(lists));
            FakeKernel fake(build);
            const auto lines = lines_of(fake, make_group(fake, lists));
            REQUIRE(lines.size() == 9);
            const std::int64_t zones = lists == Lists::ByNode ? 1 : 2;
            const std::vector<std::pair<std::string, std::int64_t>> of_lists(lines.begin() + 4, lines.end());
            CHECK(of_lists ==
                  std::vector<std::pair<std::string, std::int64_t>>{{"inactive_anon", zones * 11 * 4096},
                                                                    {"active_anon", zones * 12 * 4096},
                                                                    {"inactive_file", zones * 13 * 4096},
                                                                    {"active_file", zones * 14 * 4096},
                                                                    {"unevictable", zones * 15 * 4096}});
        }
    }
}

TEST_CASE("what each CPU counted lies behind the group, and nothing counts slab") {
    // (on i386 a word is half of such a number)
    for (const FakeBuild build : {FakeBuild::X86_64, FakeBuild::I386}) {
        FakeKernel fake(build);
        const std::uint64_t group = make_group(fake);
        CHECK(
            lines_of(fake, group) ==
            std::vector<std::pair<std::string, std::int64_t>>{
                {"anon", 107 * 4096}, {"file", 7 * 4096}, {"file_mapped", 207 * 4096}, {"swap", 607 * 4096}});
    }
}

}  // namespace old_memcg_stats_test
