// The control groups of real dumps, against what cgroupfs showed in the guest.
#include <algorithm>
#include <cctype>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace cgroup_tree_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

std::optional<std::int64_t> number(const ProcTruth& truth, const std::string& path) {
    const auto text = truth.file(path);
    if (!text || text->empty() || !std::isdigit(static_cast<unsigned char>(text->front())))
        return std::nullopt;
    return std::stoll(std::string(*text));
}

void check_limit(const ProcTruth& truth, const std::string& path, const std::optional<std::uint64_t>& pages,
                 std::uint64_t page_size) {
    CAPTURE(path);
    const auto text = truth.file(path);
    if (!text) return;
    constexpr std::int64_t no_limit = 0x7ffffffffffff000;  // version 1 has no word for it
    const auto bytes = number(truth, path);
    if (!bytes || *bytes == no_limit)
        CHECK_FALSE(pages);
    else
        CHECK(pages == static_cast<std::uint64_t>(*bytes) / page_size);
}

// Each line "name value" of memory.stat or memory.events that the tree has too.
template <class Check>
std::size_t for_each_line(const ProcTruth& truth, const std::string& path, const Check& check) {
    const auto text = truth.file(path);
    if (!text) return 0;
    std::istringstream lines{std::string(*text)};
    std::string name;
    std::size_t count = 0;
    for (std::int64_t value = 0; lines >> name >> value;) {
        CAPTURE(name);
        count += check(name, value);
    }
    return count;
}

bool stands_still(const std::filesystem::path& dump) {
    return test::file_contents(dump.parent_path() / "settings").find("scenario=sysrq") != std::string::npos;
}

}  // namespace

// What CPUs have charged ahead (MEMCG_CHARGE_BATCH) is given back before an OOM.
constexpr std::uint64_t most_kept_back = 4 * 64;

TEST_SUITE("real dumps") {
    TEST_CASE("control groups are as cgroupfs showed them") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            if (!truth || !stands_still(path) || !truth->file("/sys/fs/cgroup/demo/limited/memory.max"))
                continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto tree = dump->cgroups();
            REQUIRE(tree);
            CHECK(tree->problems.empty());
            CHECK(tree->v2);
            std::size_t groups = 0, stats = 0, events = 0;
            for (const CgroupNode& group : tree->groups) {
                if (!group.parent) continue;  // the machine's own numbers go on changing
                CAPTURE(group.path);
                const std::string folder = "/sys/fs/cgroup" + group.path;
                REQUIRE(group.memory);
                const auto current = number(*truth, folder + "/memory.current");
                REQUIRE(current);
                CHECK(group.memory->usage_pages * tree->page_size == static_cast<std::uint64_t>(*current));
                check_limit(*truth, folder + "/memory.max", group.memory->max_pages, tree->page_size);
                check_limit(*truth, folder + "/memory.high", group.memory->high_pages, tree->page_size);
                stats += for_each_line(
                    *truth, folder + "/memory.stat", [&](const std::string& name, std::int64_t value) {
                        const auto own =
                            std::find_if(group.stats.begin(), group.stats.end(),
                                         [&](const CgroupStat& stat) { return stat.name == name; });
                        if (own == group.stats.end()) return false;  // counts of events
                        // cgroupfs flushes before it shows, since 5.13; before, small changes are kept back.
                        CHECK((own->value == value || own->flushed == value));
                        return true;
                    });
                events += for_each_line(
                    *truth, folder + "/memory.events", [&](const std::string& name, std::int64_t value) {
                        const auto own =
                            std::find_if(group.events.begin(), group.events.end(),
                                         [&](const CgroupEvent& event) { return event.name == name; });
                        REQUIRE(own != group.events.end());
                        CHECK(own->count == static_cast<std::uint64_t>(value));
                        return true;
                    });
                std::istringstream pids{std::string(truth->file(folder + "/cgroup.procs").value_or(""))};
                std::vector<std::int32_t> expected;
                for (std::int32_t pid = 0; pids >> pid;) expected.push_back(pid);
                std::sort(expected.begin(), expected.end());
                CHECK(group.pids == expected);
                ++groups;
            }
            CHECK(groups == 3);
            CHECK(stats > 3 * 15);
            CHECK(events >= 3 * 5);
        }
    }

    TEST_CASE("limits of staged control groups, version 1 included") {
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            const bool v1 = truth && truth->file("/cgroup/memory/mix/memory.limit_in_bytes");
            const bool v2 = truth && (truth->file("/sys/fs/cgroup/mix/memory.max") ||
                                      truth->file("/sys/fs/cgroup/kubepods.slice/memory.max"));
            if (!v1 && !v2) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto tree = dump->cgroups();
            REQUIRE(tree);
            CHECK(tree->v2 == v2);
            std::uint64_t most = 0;
            for (const CgroupNode& group : tree->groups) {
                if (!group.parent || !group.memory) continue;
                CAPTURE(group.path);
                const std::string folder = (v1 ? "/cgroup/memory" : "/sys/fs/cgroup") + group.path;
                check_limit(*truth, folder + "/memory.limit_in_bytes", group.memory->max_pages,
                            tree->page_size);
                check_limit(*truth, folder + "/memory.max", group.memory->max_pages, tree->page_size);
                check_limit(*truth, folder + "/memory.high", group.memory->high_pages, tree->page_size);
                check_limit(*truth, folder + "/memory.low", group.memory->low_pages, tree->page_size);
                check_limit(*truth, folder + "/memory.min", group.memory->min_pages, tree->page_size);
                if (group.swap)
                    check_limit(*truth, folder + "/memory.swap.max", group.swap->max_pages, tree->page_size);
                if (const auto whole = number(*truth, folder + "/memory.oom.group"))
                    CHECK(group.oom_group == (*whole != 0));
                if (group.path.find("cri-containerd-2222") != std::string::npos)
                    CHECK(group.owner ==
                          "pod 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 (Burstable), container 222222222222 "
                          "(containerd)");
                // The OOM that the guest died of: nothing more fits.
                if (group.memory->max_pages &&
                    group.memory->usage_pages + most_kept_back >= *group.memory->max_pages)
                    most = std::max(most, group.memory->usage_pages);
            }
            CHECK(most > 0);
        }
    }

    TEST_CASE("the tree is printed whole, by any key") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE(dump);
            const auto tree = dump->cgroups();
            if (!tree) continue;  // a sample that holds no page of it
            for (const std::string_view key : cgroup_sort_keys()) {
                CgroupTreeStyle style;
                style.sort = std::string(key);
                const std::string text = to_text(*tree, style);
                CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) ==
                      tree->groups.size() + 1);
            }
        }
    }
}

}  // namespace cgroup_tree_real_test
