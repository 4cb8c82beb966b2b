// The statistics of control groups before 2.6.34.
#include <doctest/doctest.h>

#include "kernel/mm/memcg_stats.h"
#include "support/fake_kernel.h"

namespace old_memcg_stats_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

/// Of two CPUs, each in a cache line of its own behind the group.
std::uint64_t make_group(FakeKernel& fake) {
    auto& b = fake.types();
    const auto s64 = b.integer("long long int", 8, true);
    b.enumeration("mem_cgroup_stat_index", {{"MEM_CGROUP_STAT_CACHE", 0},
                                            {"MEM_CGROUP_STAT_RSS", 1},
                                            {"MEM_CGROUP_STAT_FILE_MAPPED", 2},
                                            {"MEM_CGROUP_STAT_SWAPOUT", 6},
                                            {"MEM_CGROUP_STAT_NSTATS", 7}});
    const auto of_cpu = b.structure("mem_cgroup_stat_cpu", 64, {{"count", b.array(s64, 7), 0}});
    const auto stat = b.structure("mem_cgroup_stat", 0, {{"cpustat", b.array(of_cpu, 0), 0}});
    b.structure("mem_cgroup", 64, {{"stat", stat, 512}});
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
    const std::uint64_t group = fake.allocate(64 + 2 * 64);
    for (std::uint64_t item = 0; item < 7; ++item) {
        fake.put<std::int64_t>(group + 64 + 8 * item, static_cast<std::int64_t>(100 * item + 10));
        fake.put<std::int64_t>(group + 128 + 8 * item, -3);
    }
    return group;
}

}  // namespace

TEST_CASE("what each CPU counted lies behind the group, and nothing counts slab") {
    FakeKernel fake;
    const std::uint64_t group = make_group(fake);
    const auto kernel = fake.open();
    const MemcgStatReader reader(*kernel);
    REQUIRE_FALSE(reader.missing());
    const auto numbers = reader.read(group);
    REQUIRE_MESSAGE(numbers, numbers.error().message);
    std::vector<std::pair<std::string, std::int64_t>> lines;
    for (const CgroupStat& line : reader.lines(*numbers)) lines.emplace_back(line.name, line.value);
    CHECK(lines == std::vector<std::pair<std::string, std::int64_t>>{
                       {"anon", 107 * 4096}, {"file", 7 * 4096}, {"file_mapped", 207 * 4096}, {"swap", 607 * 4096}});
}

TEST_CASE("where a word is half of such a number, that is said") {
    FakeKernel fake(FakeBuild::I386);
    make_group(fake);
    const auto kernel = fake.open();
    const MemcgStatReader reader(*kernel);
    REQUIRE(reader.missing());
    CHECK(reader.missing()->code == ErrorCode::Unsupported);
}

}  // namespace old_memcg_stats_test
