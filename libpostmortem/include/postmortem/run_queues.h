// The answer to `runq`: what each CPU was running, and which tasks waited for it, for how long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

/// Times are in ns of the runqueue's own clock.
struct RunnableTask {
    std::uint64_t task = 0;  ///< address of its task_struct
    std::int32_t pid = 0;
    std::string comm;                              ///< untrusted text: escape before printing
    std::optional<std::int32_t> priority;          ///< task->prio: 100 to 139 for nice -20 to 19, less is RT
    std::optional<std::uint64_t> last_run_ns;      ///< when it last began to run
    std::optional<std::uint64_t> queued_since_ns;  ///< since when it has been waiting
    std::optional<std::uint64_t> waiting_ns;
    std::string waiting_unknown;   ///< why there is no waiting_ns
    bool current = false;          ///< it was the one that ran
    bool dequeue_delayed = false;  ///< it sleeps, and was to leave the queue later (Linux 6.12)
};

struct QueuedTaskGroup {
    std::uint64_t group = 0;        ///< address of its task_group
    std::uint64_t queue = 0;        ///< of its cfs_rq or rt_rq on this CPU
    std::string cgroup;             ///< path of the control group; empty for an autogroup. Untrusted
    std::optional<bool> throttled;  ///< it has used up its quota
};

/// A task, or a task group; its own rows follow it.
struct RunQueueRow {
    unsigned depth = 0;  ///< 0 is the root task group; a group's row has the depth of what is in it
    std::optional<RunnableTask> task;
    std::optional<QueuedTaskGroup> group;
    std::optional<std::uint32_t> list;  ///< RT: the list that it is in, 0 (the most urgent) to 99
    bool dequeued = false;              ///< is off the CPU's queue with its group, which is throttled
};

/// What one scheduling class had for a CPU, in its own order.
struct SchedulingQueue {
    std::uint64_t address = 0;  ///< of the tree, the array of lists, or the list
    std::uint64_t queue = 0;    ///< of the cfs_rq, rt_rq, …
    std::vector<RunQueueRow> rows;
    bool whole = true;  ///< otherwise there may be more, or none of it could be read
};

struct CpuRunQueue {
    std::uint32_t cpu = 0;
    bool online = true;
    std::uint64_t runqueue = 0;  ///< address of its rq
    std::optional<std::uint64_t> clock_ns;
    std::uint64_t current_task = 0;
    std::optional<RunnableTask> current;
    std::optional<std::uint64_t> running_ns;  ///< for how long current had been running
    std::optional<RunnableTask> donor;    ///< on whose account it ran (proxy execution), where not its own
    std::optional<SchedulingQueue> stop;  ///< the stopper, where it waits: it goes before everybody else
    std::optional<SchedulingQueue> deadline, realtime, fair, extensible;
    std::vector<RunnableTask> on_rq;  ///< with task->on_rq, whatever queue they are in; the idle task first
    bool on_rq_whole = true;
};

struct RunQueues {
    std::vector<CpuRunQueue> cpus;
    std::uint64_t root_task_group = 0;  ///< 0 where the kernel has no task groups
    std::string root_task_group_name;   ///< "ROOT"; "INIT" until 2.6.38
    bool groups_known = true;           ///< whether it has any could be found out
    bool fair_groups = false;           ///< CONFIG_FAIR_GROUP_SCHED
    bool realtime_groups = false;       ///< CONFIG_RT_GROUP_SCHED
    Problems problems;
};

}  // namespace postmortem
