// The tasks that sleep uninterruptibly, and those that they wait for: in what, for how long, for whom.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include <postmortem/hang.h>

#include "base/problem_collector.h"
#include "kernel/sched/task_states.h"
#include "kernel/unwind/unwind.h"
#include "report/hang/wait_finder.h"

namespace postmortem {

/// Borrows the kernel, the table and the unwinder.
class HangTasks {
  public:
    HangTasks(const Kernel& kernel, const TaskTable& table, const Unwinder& unwinder, WaitFinder& waits,
              std::optional<std::uint64_t> now, ProblemCollector& problems);

    /// All in uninterruptible sleep, the longest first; behind them whom they wait for.
    std::vector<HangTask> run();
    HangTask describe(const Task& task);
    /// The functions of a task, innermost first.
    std::vector<std::string> functions_of(const Task& task);
    /// The same without the interrupts that came upon it.
    std::vector<std::string> own_functions_of(const Task& task);

  private:
    void add_time(const Task& task, HangTask& made) const;

    const Kernel& kernel_;
    const TaskTable& table_;
    const Unwinder& unwinder_;
    WaitFinder& waits_;
    ProblemCollector& problems_;
    FrameWalker walker_;
    TaskStates states_;
    Field last_arrival_, last_queued_, exec_start_, in_iowait_, on_rq_;
    std::optional<std::uint64_t> now_;
};

}  // namespace postmortem
