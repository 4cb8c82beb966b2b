// Control groups before kernfs and before each controller had a tree of its own: RHEL 6 (2.6.32) and 7
// (3.10).
#include <doctest/doctest.h>

#include "base/problem_collector.h"
#include "kernel/cgroup/cgroups.h"
#include "kernel/mm/memcg.h"
#include "report/oom/oom_choice.h"
#include "support/fake_kernel.h"

namespace older_groups_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

// How a generation keeps the name of a group, what counts, and what a flag says.
struct Era {
    const char* name;
    bool by_dentry;  ///< until 3.9; else struct cgroup_name
    bool in_bytes;   ///< struct res_counter; else struct page_counter with `count`
    bool removal;    ///< bit 1 of the flags: CSS_REMOVED; else CSS_ONLINE
};
constexpr Era eras[] = {{"2.6.32", true, true, true},
                        {"3.8", true, true, false},
                        {"3.10", false, true, false},
                        {"3.10 of RHEL 7", false, false, false}};

constexpr std::uint64_t controller_id = 3, page = 4096;
constexpr std::uint64_t use_hierarchy = 80, rss_of_cpu = 88;  // in struct mem_cgroup

struct Group {
    std::uint64_t cgroup = 0, memcg = 0;
};

struct OlderGroups {
    FakeKernel fake;
    const Era& era;
    Group root, demo, limited, removed;

    explicit OlderGroups(const Era& which) : era(which) {
        declare();
        root = add(0, "/");
        demo = add(root.cgroup, "demo");
        limited = add(demo.cgroup, "limited", 65536);
        removed = add(root.cgroup, "gone");
        set_online(removed, false);
        children(root, {demo, removed});
        children(demo, {limited});
        children(limited, {});
        children(removed, {});
        const auto subsystem = fake.variable("mem_cgroup_subsys", 32);
        fake.put_u64(subsystem, 0xffff888001000000);
        fake.put<std::uint32_t>(subsystem + 8, controller_id);
        fake.put_u64(fake.variable("root_mem_cgroup"), root.memcg);
        if (era.removal) fake.symbol("mem_cgroup_create", 0xffffffff81000100);
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 1);
    }

    void declare() {
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8), i32 = b.integer("int", 4, true);
        const auto text = b.array(b.integer("char", 1), 0);
        const auto list = b.structure("list_head", 16, {{"next", u64, 0}, {"prev", u64, 64}});
        b.structure("cgroup_subsys", 24, {{"root", u64, 0}, {"subsys_id", i32, 64}, {"disabled", i32, 96}});
        const auto css = b.structure("cgroup_subsys_state", 24, {{"cgroup", u64, 0}, {"flags", u64, 64}});
        const auto states = b.array(u64, 8);
        b.structure("cgroup", 160,
                    {{"parent", u64, 0},
                     {era.by_dentry ? "dentry" : "name", u64, 64},
                     {"sibling", list, 128},
                     {"children", list, 256},
                     {"subsys", states, 384}});
        if (era.by_dentry) {
            const auto words = b.structure("qstr", 16, {{"name", u64, 64}});
            b.structure("dentry", 64, {{"d_name", words, 256}});
        } else {
            b.structure("cgroup_name", 16, {{"name", text, 128}});
        }
        const auto res = b.structure("res_counter", 40,
                                     {{"usage", u64, 0},
                                      {"max_usage", u64, 64},
                                      {"limit", u64, 128},
                                      {"soft_limit", u64, 192},
                                      {"failcnt", u64, 256}});
        const auto counter = b.structure(
            "page_counter", 40,
            {{"count", u64, 0}, {"watermark", u64, 64}, {"limit", u64, 128}, {"failcnt", u64, 256}});
        b.enumeration("mem_cgroup_stat_index", {{"MEM_CGROUP_STAT_RSS", 0}, {"MEM_CGROUP_STAT_NSTATS", 1}});
        const auto of_cpu =
            b.structure("mem_cgroup_stat_cpu", 8, {{"count", b.array(b.integer("long", 8, true), 1), 0}});
        const auto stat = b.structure("mem_cgroup_stat", 0, {{"cpustat", b.array(of_cpu, 0), 0}});
        b.structure("mem_cgroup", 128,
                    {{"css", css, 0},
                     {era.in_bytes ? "res" : "memory", era.in_bytes ? res : counter, 256},
                     {"use_hierarchy", b.integer("_Bool", 1), 8 * use_hierarchy},
                     {"stat", stat, 8 * rss_of_cpu}});
        b.structure("css_set", 64, {{"subsys", states, 0}});
        b.structure("task_struct", 64, {{"cgroups", u64, 64}});
    }

    std::uint64_t put_text(std::uint64_t at, const char* words) {
        for (std::size_t i = 0; words[i]; ++i) fake.put<char>(at + i, words[i]);
        return at;
    }
    std::uint64_t name(const char* words) {
        if (!era.by_dentry) return put_text(fake.allocate(64) + 16, words) - 16;
        const auto dentry = fake.allocate(64);
        fake.put_u64(dentry + 40, put_text(fake.allocate(64), words));
        return dentry;
    }
    Group add(std::uint64_t parent, const char* words, std::uint64_t limit_pages = 0) {
        Group group{fake.allocate(160), fake.allocate(128)};
        fake.put_u64(group.cgroup, parent);
        fake.put_u64(group.cgroup + 8, name(words));
        fake.put_u64(group.cgroup + 48 + 8 * controller_id, group.memcg);
        fake.put_u64(group.memcg, group.cgroup);
        set_online(group, true);
        const std::uint64_t unit = era.in_bytes ? page : 1;
        fake.put_u64(group.memcg + 32, 77 * unit);
        fake.put_u64(group.memcg + 40, 99 * unit);
        const std::uint64_t unlimited = era.in_bytes ? INT64_MAX : INT64_MAX / page;
        fake.put_u64(group.memcg + 48, limit_pages != 0 ? limit_pages * unit : unlimited);
        fake.put_u64(group.memcg + 56, unlimited);
        fake.put_u64(group.memcg + 64, 5);
        return group;
    }
    void set_online(const Group& group, bool online) {
        fake.put_u64(group.memcg + 8, online != era.removal ? 2 : 0);
    }
    void count(const Group& group, std::int64_t rss, bool counts_below) {
        fake.put<std::int64_t>(group.memcg + rss_of_cpu, rss);
        fake.put<std::uint8_t>(group.memcg + use_hierarchy, counts_below ? 1 : 0);
    }
    void children(const Group& of, const std::vector<Group>& groups) {
        std::vector<std::uint64_t> nodes;
        for (const Group& group : groups) nodes.push_back(group.cgroup + 16);
        fake.link_list(of.cgroup + 32, nodes);
    }
};

}  // namespace

TEST_CASE("groups that are a tree for all controllers, by name, with their limits") {
    for (const Era& era : eras) {
        CAPTURE(era.name);
        OlderGroups made(era);
        const auto kernel = made.fake.open();
        ProblemCollector problems;
        const auto tree = read_memcg_tree(*kernel, problems);
        REQUIRE(tree);
        CHECK_FALSE(tree->v2);
        REQUIRE(tree->groups.size() == 4);
        const std::pair<const char*, std::uint32_t> expected[] = {
            {"/", 0}, {"/demo", 1}, {"/demo/limited", 2}, {"/gone", 1}};
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(tree->groups[i].path == expected[i].first);
            CHECK(tree->groups[i].depth == expected[i].second);
            CHECK(tree->groups[i].online == (i != 3));
        }
        const CgroupNode& limited = tree->groups[2];
        REQUIRE(limited.memory);
        CHECK(limited.memory->usage_pages == 77);
        CHECK(limited.memory->peak_pages == 99);
        CHECK(limited.memory->max_pages == 65536);
        CHECK(limited.memory->failcnt == 5);
        CHECK_FALSE(tree->groups[1].memory->max_pages);
        CHECK_FALSE(limited.soft_limit_pages);
    }
}

TEST_CASE("with use_hierarchy a group counts those below, without it only the root does") {
    for (const bool counts_below : {false, true}) {
        CAPTURE(counts_below);
        OlderGroups made(eras[0]);
        made.count(made.root, 1, false);
        made.count(made.demo, 10, counts_below);
        made.count(made.limited, 20, counts_below);
        made.count(made.removed, 300, counts_below);
        const auto kernel = made.fake.open();
        ProblemCollector problems;
        const auto tree = read_memcg_tree(*kernel, problems);
        REQUIRE(tree);
        REQUIRE(tree->groups.size() == 4);
        const std::int64_t anon[] = {331, counts_below ? 30 : 10, 20, 300};
        for (std::size_t i = 0; i < 4; ++i) {
            CAPTURE(tree->groups[i].path);
            CHECK(tree->groups[i].stat("anon") == anon[i] * static_cast<std::int64_t>(page));
        }
        const CgroupNode& demo = tree->groups[1];
        CHECK(demo.counts_below == counts_below);
        CHECK(is_charged_to("/demo/limited", demo) == counts_below);
        CHECK(is_charged_to("/demo", demo));
    }
}

TEST_CASE("a task's group, where there is no default hierarchy") {
    for (const Era& era : eras) {
        CAPTURE(era.name);
        OlderGroups made(era);
        const auto set = made.fake.allocate(64), task = made.fake.allocate(64);
        made.fake.put_u64(task + 8, set);
        made.fake.put_u64(set + 8 * controller_id, made.limited.memcg);
        const auto kernel = made.fake.open();
        TaskCgroups groups(*kernel);
        const auto member = groups.of(task);
        REQUIRE(member);
        CHECK((*member)->memcg == made.limited.memcg);
        CHECK((*member)->memcg_path == "/demo/limited");
        CHECK((*member)->path == "/demo/limited");
    }
}

TEST_CASE("a list of children that leads out of memory costs the groups behind it, and is told") {
    OlderGroups made(eras[3]);
    made.fake.put_u64(made.demo.cgroup + 32, 0xdead000000000000);
    const auto kernel = made.fake.open();
    ProblemCollector problems;
    const auto tree = read_memcg_tree(*kernel, problems);
    REQUIRE(tree);
    CHECK(tree->groups.size() == 3);
    CHECK_FALSE(problems.take().empty());
}

}  // namespace older_groups_test
