// Why the kernel died: what its log says, what its memory adds, and what is known about crashes of that kind.
// Plain data with its own copies of everything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/backtrace.h>
#include <postmortem/knowledge.h>
#include <postmortem/log_analysis.h>
#include <postmortem/problem.h>
#include <postmortem/system_info.h>
#include <postmortem/task_list.h>

namespace postmortem {

/// A variable that decides what makes the kernel panic (kernel/panic.c, kernel/watchdog.c,
/// kernel/hung_task.c, mm/oom_kill.c, kernel/rcu/tree_stall.h).
struct PanicSetting {
    std::string name;  ///< as under /proc/sys: "kernel.panic_on_oops"
    std::int64_t value = 0;
};

struct TaintingModule {
    std::string name;
    std::vector<TaintFlag> taints;
};

/// How long a CPU had not let the soft lockup detector's thread run (kernel/watchdog.c).
struct WatchdogCpu {
    std::uint32_t cpu = 0;
    std::optional<double> silent_seconds;  ///< absent where the detector was told to look away
};

struct WatchdogState {
    std::optional<std::int64_t> threshold_seconds;  ///< kernel.watchdog_thresh; soft lockups take twice that
    bool soft_enabled = false, hard_enabled = false;
    std::vector<WatchdogCpu> cpus;
};

/// A lock that a task waits for, and who holds it (kernel/locking/mutex.c, rwsem.c).
struct AwaitedLock {
    std::string kind;  ///< "mutex", "rw_semaphore"; with PREEMPT_RT also "spinlock", "rwlock", "rt_mutex"
    std::uint64_t address = 0;
    std::string symbol;       ///< where it is a variable: "cgroup_mutex"
    std::uint64_t owner = 0;  ///< address of a task_struct; 0 where nobody is on record
    std::int32_t owner_pid = 0;
    std::string owner_comm;        ///< untrusted text
    bool owner_is_gone = false;    ///< there is no such task any more
    bool owner_is_reader = false;  ///< the last reader that took it; there may be more, or it may be gone
};

/// A task in uninterruptible sleep.
struct BlockedTask {
    std::int32_t pid = 0;
    std::uint64_t task = 0;              ///< address of its task_struct
    std::string comm;                    ///< untrusted text
    std::optional<double> seconds;       ///< since it last ran (task->sched_info.last_arrival)
    bool in_io = false;                  ///< waits for a block device: task->in_iowait
    std::vector<std::string> functions;  ///< innermost first, without the scheduler's own
    std::optional<AwaitedLock> lock;
};

/// What only a vmcore can tell.
struct PanicEvidence {
    std::optional<TaskInfo> task;        ///< that the crashed CPU was running
    std::optional<Backtrace> backtrace;  ///< its own, unwound from the registers; with lines, given a vmlinux
    std::optional<std::uint32_t> cpu;    ///< that crashed
    std::optional<std::uint64_t> taint_mask;
    std::vector<TaintFlag> taints;
    std::vector<TaintingModule> tainting_modules;
    std::vector<PanicSetting> settings;
    std::optional<WatchdogState> watchdog;
    std::vector<BlockedTask> blocked;  ///< longest first
};

/// Processes that the OOM killer took while the machine went on.
struct OomKillsInLog {
    std::size_t kills = 0;
    std::string comm;      ///< of the first; untrusted text: escape before printing
    std::int64_t pid = 0;  ///< of the first
    std::size_t line = 0;  ///< of the first, in the log
};

struct PanicAnalysis {
    std::string source;    ///< the path, as it was given
    bool is_dump = false;  ///< else a log
    LogAnalysis log;       ///< an event with line 0 is not in the log: memory alone tells of it
    std::optional<PanicEvidence> evidence;
    const KnowledgeEntry* knowledge = nullptr;  ///< on the cause; lives as long as the program
    /// Of a log without a cause: no crash, and yet what its reader may be looking for.
    std::optional<OomKillsInLog> oom_kills;
    Problems problems;

    /// The event that killed the machine, or the most serious one; null where nothing went wrong.
    const LogEvent* cause() const { return log.cause ? &log.events[*log.cause] : nullptr; }
};

}  // namespace postmortem
