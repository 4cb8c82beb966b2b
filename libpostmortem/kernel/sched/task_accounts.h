// What the scheduler and the process accounting have written down of a task: when it began, how long it ran,
// when it last came to a CPU, its policy, its limits (include/linux/sched.h, sched/signal.h, resource.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"
#include "object/field.h"

namespace postmortem {

struct TaskTimes {
    /// task->start_time: ns of CLOCK_MONOTONIC since 3.17 (ccbf62d8a284), before that the seconds of a
    /// timespec.
    std::uint64_t start = 0;
    std::uint64_t start_seconds = 0;
    /// ns since 4.11 (5613fda9a503), before that what cputime_t counts in.
    std::uint64_t user = 0, system = 0;
};

struct ResourceLimit {
    std::string_view name;                          ///< as crash and ulimit's manual have it: "NOFILE"
    std::optional<std::uint64_t> current, maximum;  ///< nothing: unlimited
};

/// Thread-safe. Borrows the kernel.
class TaskAccountReader {
  public:
    explicit TaskAccountReader(const Kernel& kernel);

    Result<TaskTimes> times(const Task& task) const;
    /// When it last came to a CPU, in ns of that CPU's runqueue clock (CONFIG_SCHED_INFO).
    Result<std::uint64_t> last_run(const Task& task) const { return read(last_arrival_, task); }
    Result<std::uint64_t> policy(const Task& task) const;
    Result<std::int64_t> priority(const Task& task) const;
    /// In the kernel's order.
    Result<std::vector<ResourceLimit>> limits(const Task& task) const;

  private:
    Result<std::uint64_t> read(const Result<Field>& field, const Task& task) const;

    const Kernel& kernel_;
    Result<Field> start_, user_, system_, last_arrival_, policy_, priority_, signal_, limits_;
    bool start_is_timespec_ = false;
};

}  // namespace postmortem
