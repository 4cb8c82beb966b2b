#include "report/hang/hang.h"

#include <map>

#include <postmortem/crash_dump.h>

#include "report/hang/hang_clock.h"
#include "report/hang/hang_cpus.h"
#include "report/hang/hang_limits.h"
#include "report/hang/hang_pools.h"
#include "report/hang/hang_tasks.h"
#include "report/hang/hang_verdict.h"
#include "report/hang/wait_trees.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

// The tasks come with the longest sleep first, and so do the groups.
std::vector<HangGroup> grouped_by_stack(const std::vector<HangTask>& tasks) {
    std::vector<HangGroup> groups;
    std::map<std::vector<std::string>, std::size_t> places;
    for (const HangTask& task : tasks) {
        if (!task.uninterruptible) continue;
        const auto [place, is_new] = places.try_emplace(task.functions, groups.size());
        if (is_new) groups.push_back({task.functions, {}, task.seconds});
        groups[place->second].pids.push_back(task.task.pid);
    }
    return groups;
}

std::optional<HangGracePeriod> long_grace_period(const Result<GracePeriod>& found, const TaskTable& table) {
    if (!found || !found->going_on || found->seconds.value_or(0) < long_seconds) return std::nullopt;
    HangGracePeriod made{found->flavour, found->seconds, found->cpus, {}};
    for (const std::uint64_t reader : found->readers)
        if (const Task* task = table.by_address(reader)) made.readers.push_back(mention(*task));
    return made;
}

}  // namespace

HangReport make_hang_report(const Kernel& kernel) {
    ProblemCollector problems;
    const TaskTable table = read_tasks(kernel);
    problems.add_all(table.problems);
    const Unwinder unwinder(kernel);
    WaitFinder waits(kernel, table, problems);
    const auto now = clock_before_death(kernel);
    if (!now) problems.add("the scheduler's clock", now.error());
    HangTasks tasks(kernel, table, unwinder, waits, now ? std::optional(*now) : std::nullopt, problems);
    HangReport report;
    report.tasks = tasks.run();
    report.groups = grouped_by_stack(report.tasks);
    if (now) report.cpus = find_hung_cpus(kernel, table, tasks, *now, waits.grace_period(), problems);
    report.pools = find_stalled_pools(kernel, table, waits.workqueues());
    report.disks = waits.disks().remarkable();
    report.grace_period = long_grace_period(waits.grace_period(), table);
    std::vector<WaitTree> trees = make_wait_trees(report.tasks);
    report.verdict = judge_hang(report, trees);
    report.unexplained = count_unexplained(report.tasks);
    for (WaitTree& tree : trees) report.trees.push_back(std::move(tree.shown));
    problems.add_all(unwinder.problems());
    report.problems = problems.take();
    return report;
}

HangReport hang(const CrashDump& dump) {
    return make_hang_report(dump.kernel());
}

}  // namespace postmortem
