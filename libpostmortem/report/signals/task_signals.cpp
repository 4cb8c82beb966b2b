#include <set>

#include <postmortem/crash_dump.h>
#include <postmortem/task_signals.h>

#include "kernel/sched/signals.h"
#include "report/tasks/context_tasks.h"
#include "report/tasks/task_mention.h"

namespace postmortem {
namespace {

std::optional<WaitingSignals> told(const std::optional<PendingSignals>& pending) {
    if (!pending) return std::nullopt;
    WaitingSignals waiting{pending->set, {}};
    for (const QueuedSignal& signal : pending->queue) waiting.queue.push_back({signal.number, signal.info});
    return waiting;
}

TaskSignals told(const Task& task, SignalsOfTask& found, Problems& problems) {
    TaskSignals signals;
    signals.task = mention(task);
    signals.signal_struct = found.signal_struct;
    signals.threads = found.threads;
    for (std::uint32_t number = 1; const SignalHandling& one : found.handling)
        signals.actions.push_back({number++, one.action, one.handler, one.mask, one.flags});
    signals.has_pending = found.has_pending;
    signals.blocked = found.blocked;
    signals.own = told(found.own);
    signals.shared = told(found.shared);
    for (Error& problem : found.problems) problems.push_back(std::move(problem));
    return signals;
}

// Each process once: its first thread, then the others. The idle tasks are one.
std::vector<std::pair<const Task*, bool>> groups_of(const TaskTable& table,
                                                    const std::vector<const Task*>& chosen) {
    std::set<std::int32_t> shown;
    std::vector<std::pair<const Task*, bool>> members;
    for (const Task* task : chosen) {
        if (!shown.insert(task->tgid).second) continue;
        const Task* leader = task->is_idle() ? task : table.by_pid(task->tgid);
        if (!leader) leader = task;
        members.emplace_back(leader, true);
        for (const Task& other : table.tasks)
            if (other.tgid == task->tgid && &other != leader) members.emplace_back(&other, false);
    }
    return members;
}

}  // namespace

Result<SignalList> task_signals(const CrashDump& dump, const SignalRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    auto chosen = context_tasks(kernel, table, request.which);
    if (!chosen) return fail(std::move(chosen.error()));
    SignalList list;
    list.problems = table.problems;
    for (Error& problem : chosen->problems) list.problems.push_back(std::move(problem));
    std::vector<std::pair<const Task*, bool>> tasks;
    for (const Task* task : chosen->tasks) tasks.emplace_back(task, false);
    if (request.groups) tasks = groups_of(table, chosen->tasks);
    for (const auto& [task, leads] : tasks) {
        SignalsOfTask found = read_signals(kernel, *task);
        list.tasks.push_back(told(*task, found, list.problems));
        list.tasks.back().leads_group = leads;
    }
    return list;
}

}  // namespace postmortem
