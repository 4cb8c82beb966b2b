// Waits for completions: the end of a task, work, a request, a grace period.
#include <fmt/format.h>

#include "report/hang/wait_finder.h"
#include "report/hang/wait_words.h"

namespace postmortem {

HangWait WaitFinder::completion(const Task& task, const StackWaiter& waiter, const SleepingStack& stack,
                                const std::vector<std::string>& functions) const {
    // Completions have simple wait queues since 5.7 (a5c6234e1028).
    const auto list = Field::find(kernel_.types(), "completion", {"wait.task_list", "wait.head"});
    HangWait wait = named("completion", list ? waiter.head - list->offset() : waiter.head,
                          "the waiter on its stack hangs in the completion's list");
    if (const auto end = ends_.find(wait.address); end != ends_.end()) {
        add_end(wait, end->second);
    } else if (const auto target = workqueues_.flush_of(wait.address, task.address)) {
        add_flush(wait, *target);
    } else if (const KnownDisk* disk = disks_.waited_for_by(wait.address)) {
        wait.kind = "request";
        wait.blockers.push_back(disk_blocker(disk->name, fmt::format("disk {}", disk->name),
                                             "a request in flight will complete it"));
    } else if (stack.holds(wait.address) &&
               innermost_starts_with(functions, {"__wait_rcu_gp", "synchronize_rcu"})) {
        wait.kind = "grace period";
        wait.detail = "of RCU";
        add_grace_period(wait);
    } else {
        wait.unknown = "not known, because a completion does not name who will complete it";
    }
    return wait;
}

void WaitFinder::add_end(HangWait& wait, const AwaitedEnd& end) const {
    wait.detail = fmt::format("{}, until that task will {}", end.member, end.step);
    if (auto who = blocker(end.task->address, fmt::format("has to {}", end.step),
                           fmt::format("its `{}` is this completion", end.member)))
        wait.blockers.push_back(std::move(*who));
    wait.by_choice = end.of_vfork;
}

void WaitFinder::add_flush(HangWait& wait, const FlushTarget& target) const {
    const std::string work = target.function != 0 ? symbol_of(target.function) : "";
    const std::string queue =
        target.workqueue.empty() ? "" : fmt::format(" of workqueue {}", target.workqueue);
    wait.kind = target.place == FlushTarget::Place::Queue ? "workqueue" : "work";
    std::string_view role = "runs it";
    switch (target.place) {
        case FlushTarget::Place::Running:
            wait.detail = fmt::format("{}{}, which is running", work, queue);
            wait.proof = "the barrier on its stack stands in the worker's list";
            break;
        case FlushTarget::Place::Pending:
            wait.detail = fmt::format("{}{}, which no worker has begun with", work, queue);
            wait.proof = "the barrier on its stack stands in the pool's line";
            role = "is busy in the same pool";
            break;
        case FlushTarget::Place::Inactive:
            wait.detail = fmt::format("{}{}, which may not begin before others have ended", work, queue);
            wait.proof = "the barrier on its stack stands among the queue's inactive works";
            role = "runs what is before it";
            break;
        case FlushTarget::Place::Line:
            wait.detail = fmt::format("{}{}, which waits for the thread to end what it runs", work, queue);
            wait.proof = "the barrier on its stack stands in the thread's line";
            role = "runs what is before it";
            break;
        case FlushTarget::Place::Queue:
            wait.detail = fmt::format("all that was queued on workqueue {}", target.workqueue);
            wait.proof = "the flusher on its stack is one of the workqueue's";
            role = "runs work of it";
            break;
    }
    if (target.work != 0) wait.address = target.work;
    // A pool has other workers, or gets more: one that is busy keeps nobody else from working. Where several
    // works are before it, the end of one may be enough.
    const bool is_certain = target.place != FlushTarget::Place::Pending &&
                            (target.place != FlushTarget::Place::Inactive || target.workers.size() == 1);
    for (const PoolWorker* worker : target.workers) {
        auto who = blocker(worker->task, fmt::format("{} ({})", role, symbol_of(worker->function)),
                           "the worker's `current_work`");
        if (who) who->certain = is_certain;
        if (who) wait.blockers.push_back(std::move(*who));
    }
    if (wait.blockers.empty()) wait.unknown = "not known, because no worker is busy with it";
}

void WaitFinder::add_grace_period(HangWait& wait) const {
    if (!grace_period_) {
        wait.unknown = fmt::format("not known, because {}", grace_period_.error().message);
        return;
    }
    const std::string since =
        grace_period_->seconds ? fmt::format(", which began {:.1f} s ago", *grace_period_->seconds) : "";
    for (const std::uint32_t cpu : grace_period_->cpus) {
        const std::string role = fmt::format(
            "runs on CPU {}, which has not passed a quiet point in this grace period{}", cpu, since);
        const Task* running = running_on(cpu);
        auto who = running && !running->is_idle() ? blocker(running->address, role, "`rcu_node.qsmask`")
                                                  : std::nullopt;
        wait.blockers.push_back(who ? std::move(*who)
                                    : HangBlocker{std::nullopt, fmt::format("CPU {}", cpu),
                                                  "has not passed a quiet point in this grace period" + since,
                                                  "`rcu_node.qsmask`", true});
    }
    for (const std::uint64_t reader : grace_period_->readers)
        if (auto who = blocker(reader, "was preempted as a reader in this grace period" + since,
                               "`rcu_node.gp_tasks`"))
            wait.blockers.push_back(std::move(*who));
    if (wait.blockers.empty())
        wait.unknown = grace_period_->going_on ? "not known, because every CPU has passed a quiet point"
                                               : "not known, because no grace period is going on";
}

const Task* WaitFinder::running_on(std::uint32_t cpu) const {
    for (const Task& task : table_.tasks)
        if (task.active && task.cpu == cpu) return &task;
    return nullptr;
}

// Ready to run is not running: the CPU has another task.
std::optional<HangWait> WaitFinder::for_cpu(const Task& task) const {
    const Task* running = task.cpu ? running_on(*task.cpu) : nullptr;
    if (!running || running->is_idle()) return std::nullopt;
    HangWait wait;
    wait.kind = "CPU";
    wait.detail = fmt::format("{}, on whose run queue it is", *task.cpu);
    wait.proof = "its `on_rq`";
    if (auto who = blocker(running->address, "runs on it", "the runqueue's `curr`"))
        wait.blockers.push_back(std::move(*who));
    return wait;
}

}  // namespace postmortem
