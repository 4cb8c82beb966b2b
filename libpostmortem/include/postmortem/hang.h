// The answer to `hang`: why the machine stands still, who waits for whom, and what that rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/hang_verdict.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>

namespace postmortem {

class CrashDump;

/// Who, or what, would have to act before a wait ends: a task, or something else that has a name.
struct HangBlocker {
    std::optional<TaskMention> task;
    std::string thing;    ///< where it is no task: "CPU 1", "file system /mnt (ext4, vdc)". Untrusted
    std::string role;     ///< "holds it", "runs the work", …
    std::string proof;    ///< how that is known
    bool certain = true;  ///< it is proven that the wait cannot end before
};

/// What a task waits for.
struct HangWait {
    std::string kind;           ///< "mutex", "completion", …
    std::uint64_t address = 0;  ///< of the object; 0 where it is not known
    std::string symbol;         ///< where the object is a variable: "cgroup_mutex". Untrusted
    std::string detail;  ///< what more is known of it: "flush of work_fn on workqueue events". Untrusted
    std::string proof;   ///< how it was found
    std::vector<HangBlocker> blockers;
    std::string unknown;     ///< why there are no blockers
    bool by_choice = false;  ///< as long as a program likes: vfork()
};

/// A task that sleeps uninterruptibly, or for which such a one waits.
struct HangTask {
    TaskMention task;
    std::string state;  ///< as the kernel names it: "TASK_UNINTERRUPTIBLE"
    bool uninterruptible = false;
    bool killable = false;               ///< a fatal signal ends the wait
    bool timed = false;                  ///< a timer will wake it up
    bool running = false;                ///< a CPU was running it
    bool queued = false;                 ///< it was ready to run, and waited for a CPU
    bool in_io = false;                  ///< task->in_iowait
    std::optional<double> seconds;       ///< how long it has been so, at most
    std::string rests_on;                ///< what `seconds` was read from
    std::vector<std::string> functions;  ///< innermost first, without the scheduler's own. Untrusted
    std::optional<HangWait> wait;
};

/// Tasks in uninterruptible sleep whose stacks are the same.
struct HangGroup {
    std::vector<std::string> functions;
    std::vector<std::int32_t> pids;  ///< the longest sleep first
    std::optional<double> seconds;   ///< of the first
};

/// A line of a tree of waits; what waits for it follows, one deeper.
struct HangRow {
    unsigned depth = 0;
    std::optional<TaskMention> task;
    std::string thing;  ///< where it is no task. Untrusted
    std::string text;   ///< what it does, or waits for. Untrusted
    std::optional<double> seconds;
};

struct HangTree {
    bool deadlock = false;      ///< the rows of depth 0 wait for each other in a ring
    unsigned waiting = 0;       ///< tasks that stand behind its root
    std::vector<HangRow> rows;  ///< the root first
};

/// What holds a CPU up.
struct HangCpu {
    std::uint32_t cpu = 0;
    std::string trouble;  ///< "spins", "interrupts off", "real-time task"
    std::optional<TaskMention> task;
    std::vector<std::string> functions;
    std::optional<double> seconds;
    std::vector<std::string> because;
    std::optional<TaskMention> waiting;  ///< who has been on its run queue for longest
    std::optional<double> waiting_seconds;
};

struct HangWorker {
    TaskMention task;
    std::string function;   ///< of the work that it runs. Untrusted
    std::string workqueue;  ///< Untrusted
};

/// A pool of workers that has work and makes no progress.
struct HangPool {
    std::int32_t pool = 0;
    std::optional<std::uint32_t> cpu;  ///< nothing: not bound to one
    std::uint64_t pending = 0;
    std::optional<double> seconds;  ///< since it last began with a work
    std::string next;               ///< the function of the work that is first in line. Untrusted
    std::vector<HangWorker> busy;
};

/// The requests that a disk has not finished.
struct HangDisk {
    std::string disk;  ///< Untrusted
    std::uint64_t requests = 0;
    std::optional<double> oldest;
    std::string state;  ///< "suspended", "frozen"; empty where it takes requests
};

/// A grace period of RCU that has been going on for long.
struct HangGracePeriod {
    std::string flavour;  ///< "rcu_preempt". Untrusted
    std::optional<double> seconds;
    std::vector<std::uint32_t> cpus;   ///< that it waits for
    std::vector<TaskMention> readers;  ///< preempted ones
};

struct HangReport {
    std::optional<HangVerdict> verdict;  ///< none: nothing is known to stand still
    /// Tasks that have waited for ten seconds or more, for what is not known and a signal would end: nobody
    /// can say whether that should have ended.
    std::size_t unexplained = 0;
    std::vector<HangTree> trees;  ///< the one with the most tasks first
    std::vector<HangTask> tasks;  ///< the longest sleep first
    std::vector<HangGroup> groups;
    std::vector<HangCpu> cpus;
    std::vector<HangPool> pools;
    std::vector<HangDisk> disks;
    std::optional<HangGracePeriod> grace_period;
    Problems problems;
};

/// Never fails as a whole.
POSTMORTEM_API HangReport hang(const CrashDump& dump);
POSTMORTEM_API std::string to_text(const HangReport& report);
POSTMORTEM_API std::string to_json(const HangReport& report);

}  // namespace postmortem
