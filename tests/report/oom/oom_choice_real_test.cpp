// Whom the kernel would kill under settings that none of the samples died with: its own memory, with another
// setting in it.
#include <algorithm>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/render.h>

#include "base/text.h"
#include "support/changed_dump.h"
#include "support/temp_dir.h"

namespace oom_choice_real_test {

using namespace postmortem;
using test::ChangedDump;

namespace {

OomTable table_of(const ChangedDump& changed, std::optional<std::int32_t> allocating) {
    const test::TempDir folder;
    const auto path = folder.path() / "vmcore";
    changed.save(path);
    OomTableRequest request;
    request.allocating_pid = allocating;
    return CrashDump::open(path)->oom_table(request).value();
}

TaskInfo task_named(const ChangedDump& dump, std::string_view comm) {
    const TaskList all = CrashDump::open(dump.kernel().path())->tasks().value();
    return *std::ranges::find_if(all.tasks, [&](const TaskInfo& task) { return task.comm == comm; });
}

}  // namespace

TEST_CASE("with oom_kill_allocating_task whoever asks for memory is killed, unless it may not be") {
    ChangedDump dump("bookworm-sysrq");
    const TaskInfo shell = task_named(dump, "busy-user"), init = task_named(dump, "init");
    const OomTable before = table_of(dump, shell.pid);
    CHECK_FALSE(before.choice.allocating_task);
    dump.set<std::int32_t>("sysctl_oom_kill_allocating_task", 1);
    const OomTable table = table_of(dump, shell.pid);
    CHECK(table.choice.allocating_task);
    CHECK(table.choice.outcome == OomChoice::Outcome::Kills);
    CHECK(table.choice.pid == shell.pid);
    CHECK(table.choice.candidates == std::vector{shell.pid});
    REQUIRE(table.find(shell.pid));
    CHECK(table.choice.badness == table.find(shell.pid)->badness);
    // The rules of all others hold for init, and where nobody asks.
    CHECK_FALSE(table_of(dump, init.pid).choice.allocating_task);
    CHECK_FALSE(table_of(dump, std::nullopt).choice.allocating_task);
    const Object protected_shell = dump.kernel().object("task_struct", shell.task);
    dump.set<std::int16_t>(protected_shell["signal"]["oom_score_adj"].checked_address().value(), -1000);
    CHECK_FALSE(table_of(dump, shell.pid).choice.allocating_task);
}

TEST_CASE("whoever may not use the nodes that are short is passed by") {
    ChangedDump dump("bookworm-sysrq");
    const TaskInfo asks = task_named(dump, "busy-user");
    const OomTable before = table_of(dump, asks.pid);
    CHECK(before.choice.constraint == "none");
    CHECK(before.choice.not_allowed.empty());
    dump.fill(dump.kernel().object("task_struct", asks.task)["mems_allowed"], "\x02");
    const OomTable table = table_of(dump, asks.pid);
    CHECK(table.choice.constraint == "cpuset");
    CHECK(table.choice.total_pages == table.swap_pages);  // there is no node 1
    CHECK(table.choice.pid == asks.pid);
    CHECK(table.choice.not_allowed.size() + 2 == table.processes.size());  // init is never weighed
    CHECK(contains(to_text(table), fmt::format("; the allocation was bound by its cpuset, {} processes were "
                                               "passed by",
                                               table.choice.not_allowed.size())));
    dump.set<std::int32_t>("sysctl_oom_kill_allocating_task", 1);
    CHECK(table_of(dump, asks.pid).choice.allocating_task);
}

TEST_CASE("processes of a control group are weighed against its limit and the swap that it may use") {
    constexpr std::uint64_t limit =
        (256 << 20) / 4096;  // memory.max of /demo/limited, as the guest printed it
    const auto total = [](const ChangedDump& dump) {
        const test::TempDir folder;
        dump.save(folder.path() / "vmcore");
        OomTableRequest request;
        request.cgroup = "/demo/limited";
        const OomTable table = CrashDump::open(folder.path() / "vmcore")->oom_table(request).value();
        CHECK(table.choice.constraint == "memcg");
        return table.choice.total_pages;
    };
    ChangedDump dump("bookworm-sysrq");
    const CrashDump sample = CrashDump::open(dump.kernel().path()).value();
    const std::uint64_t swap = sample.oom_table().value().swap_pages.value();
    CHECK(swap > 1000);
    CHECK(total(dump) == limit + swap);

    const CgroupTree tree = sample.cgroups().value();
    const CgroupNode* group = tree.find("/demo/limited");
    REQUIRE(group);
    const Object memcg = dump.kernel().object("mem_cgroup", group->memcg);
    const std::uint64_t swap_max = memcg["swap"]["max"].checked_address().value();
    dump.set<std::uint64_t>(swap_max, 1000);
    CHECK(total(dump) == limit + 1000);
    dump.set<std::uint64_t>(swap_max, swap + 1);
    CHECK(total(dump) == limit + swap);
    dump.set<std::int32_t>("vm_swappiness", 0);
    CHECK(total(dump) == limit);
}

}  // namespace oom_choice_real_test
