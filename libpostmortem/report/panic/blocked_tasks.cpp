#include "report/panic/blocked_tasks.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/locking/lock_wait.h"
#include "kernel/sched/clock.h"
#include "report/backtrace/backtrace.h"

namespace postmortem {
namespace {

constexpr std::size_t most_functions = 8;
constexpr std::size_t most_tasks = 1000;

bool is_scheduler(std::string_view function) {
    return function == "__schedule" || function == "schedule" || function.starts_with("schedule_") ||
           function.starts_with("context_switch");
}

class Finder {
  public:
    Finder(const Kernel& kernel, const TaskTable& table, const Unwinder& unwinder, ProblemCollector& problems)
        : kernel_(kernel),
          table_(table),
          unwinder_(unwinder),
          walker_(unwinder.walker()),
          locks_(kernel, table),
          problems_(problems) {
        // max_run_delay and its kin moved the member; it itself is as old as CONFIG_SCHED_INFO.
        if (auto field = Field::find(kernel.types(), "task_struct", {"sched_info.last_arrival"}))
            last_arrival_ = *field;
        if (const auto now = scheduler_clock(kernel)) now_ = *now;
    }

    std::vector<BlockedTask> run() {
        std::vector<BlockedTask> blocked;
        std::size_t left_out = 0;
        for (const Task& task : table_.tasks) {
            if (task.active || task.state_letters != "UN") continue;
            if (blocked.size() < most_tasks)
                blocked.push_back(describe(task));
            else
                ++left_out;
        }
        if (left_out > 0)
            problems_.add(
                {ErrorCode::Unsupported,
                 fmt::format("{} more tasks in uninterruptible sleep are not described", left_out)});
        std::stable_sort(blocked.begin(), blocked.end(), [](const BlockedTask& a, const BlockedTask& b) {
            return a.seconds.value_or(-1) > b.seconds.value_or(-1);
        });
        return blocked;
    }

  private:
    BlockedTask describe(const Task& task) {
        BlockedTask blocked;
        blocked.pid = task.pid;
        blocked.task = task.address;
        blocked.comm = task.comm;
        blocked.in_io = kernel_.object("task_struct", task.address)["in_iowait"].u64_or(0) != 0;
        const auto arrival = last_arrival_.u64(kernel_.memory(), task.address);
        if (now_ && arrival && *arrival > 0 && *arrival <= *now_)
            blocked.seconds = static_cast<double>(*now_ - *arrival) * 1e-9;
        const Backtrace trace = make_backtrace(task, unwinder_, walker_, problems_);
        for (const Frame& frame : trace.frames) {
            if (blocked.functions.size() == most_functions) break;
            if (!frame.function.empty() && !(blocked.functions.empty() && is_scheduler(frame.function)))
                blocked.functions.push_back(frame.function);
        }
        if (const auto kind = lock_awaited_in(blocked.functions)) describe_lock(task, *kind, blocked);
        return blocked;
    }

    void describe_lock(const Task& task, LockKind kind, BlockedTask& blocked) {
        const auto wait = locks_.find(task, kind);
        if (!wait)
            return problems_.add("the lock", fmt::format("that pid {} waits for", task.pid), wait.error());
        AwaitedLock lock;
        lock.kind = to_string(wait->kind);
        lock.address = wait->address;
        lock.owner = wait->owner;
        lock.owner_is_reader = wait->owner_is_reader;
        if (const auto hit = kernel_.symbol_at(wait->address); hit && hit->symbol.address == wait->address)
            lock.symbol = hit->symbol.name;
        if (const Task* owner = table_.by_address(wait->owner)) {
            lock.owner_pid = owner->pid;
            lock.owner_comm = owner->comm;
        } else if (wait->owner != 0) {
            lock.owner_is_gone = table_.problems.empty();
        }
        blocked.lock = std::move(lock);
    }

    const Kernel& kernel_;
    const TaskTable& table_;
    const Unwinder& unwinder_;
    FrameWalker walker_;
    LockWaitFinder locks_;
    ProblemCollector& problems_;
    Field last_arrival_;
    std::optional<std::uint64_t> now_;
};

}  // namespace

std::vector<BlockedTask> find_blocked_tasks(const Kernel& kernel, const TaskTable& table,
                                            const Unwinder& unwinder, ProblemCollector& problems) {
    return Finder(kernel, table, unwinder, problems).run();
}

}  // namespace postmortem
