#include "report/hang/hang.h"

#include <map>

#include <postmortem/crash_dump.h>

#include "report/hang/hang_cpus.h"
#include "report/hang/hang_pools.h"
#include "report/hang/hang_tasks.h"
#include "report/hang/hang_verdict.h"
#include "report/hang/wait_trees.h"

namespace postmortem {
namespace {

// The tasks come with the longest sleep first, and so do the groups.
std::vector<HangGroup> group(const std::vector<HangTask>& tasks) {
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

}  // namespace

HangReport make_hang_report(const Kernel& kernel) {
    ProblemCollector problems;
    const TaskTable table = read_tasks(kernel);
    problems.add_all(table.problems);
    const Unwinder unwinder(kernel);
    WaitFinder waits(kernel, table, problems);
    HangTasks tasks(kernel, table, unwinder, waits, problems);
    HangReport report;
    report.tasks = tasks.run();
    report.groups = group(report.tasks);
    report.cpus = find_hung_cpus(kernel, table, tasks, problems);
    report.pools = find_stalled_pools(kernel, table, waits.workqueues());
    std::vector<WaitTree> trees = make_wait_trees(report.tasks);
    report.verdict = judge_hang(report, trees);
    for (WaitTree& tree : trees) report.trees.push_back(std::move(tree.shown));
    problems.add_all(unwinder.problems());
    report.problems = problems.take();
    return report;
}

HangReport hang(const CrashDump& dump) {
    return make_hang_report(dump.kernel());
}

}  // namespace postmortem
