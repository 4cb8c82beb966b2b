// What the scheduling classes' queues on a CPU have in common (kernel/sched/sched.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// A CPU's struct rq, and the tasks that it names.
struct RunQueue {
    std::uint32_t cpu = 0;
    Object rq;
    std::uint64_t current = 0;
    std::uint64_t donor = 0;  ///< whose turn it is; not `current` where that runs by proxy
};

Result<RunQueue> read_run_queue(const Kernel& kernel, std::uint32_t cpu);

/// A task, or a task group, whose own entities follow.
struct QueuedEntity {
    unsigned depth = 0;                 ///< of the task group that it is in, or, of a group, that it is
    const Task* task = nullptr;         ///< null for a group
    std::uint64_t group = 0;            ///< its task_group
    std::uint64_t queue = 0;            ///< its cfs_rq or rt_rq on this CPU
    std::optional<bool> throttled;      ///< of a group: its quota is used up
    std::optional<std::uint32_t> list;  ///< RT: which of the array's lists
    bool current = false;
    bool dequeue_delayed = false;  ///< sched_entity.sched_delayed
    bool dequeued = false;         ///< it is reached by its group alone, which is off the queue
};

/// The entities of one class on one CPU, in the class's order.
struct ClassQueue {
    std::uint64_t address = 0;  ///< of the tree, the array of lists, or the list
    std::uint64_t queue = 0;    ///< of the cfs_rq, rt_rq, …
    std::vector<QueuedEntity> entities;
    Problems problems;  ///< where there are any, these are not all the entities

    /// A damaged queue may have a problem for each of its entities: the first ones are kept, each once.
    void add(Error problem);
    /// Keeps the problem where there is no value.
    template <class T>
    std::optional<T> value(const Result<T>& result) {
        if (result) return *result;
        add(result.error());
        return std::nullopt;
    }
};

/// Finds a table's tasks by address. Borrows the table.
class TaskIndex {
  public:
    explicit TaskIndex(const TaskTable& table);
    /// Corrupt where no task lies there: what refers to it is no queue.
    Result<const Task*> at(std::uint64_t address) const;

  private:
    std::unordered_map<std::uint64_t, const Task*> by_address_;
};

/// The counter of a queue against what was found in it.
Result<void> check_queue_count(std::string_view what, std::uint64_t queue,
                               const Result<std::uint64_t>& counted, std::uint64_t found);

}  // namespace postmortem
