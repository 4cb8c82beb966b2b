// What a sleeping task waits for, and who would have to act: put together from what kernel/ knows of locks,
// completions, work, pages and file systems. What cannot be proven is said to be unknown, with the reason.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postmortem/hang.h>

#include "base/problem_collector.h"
#include "kernel/fs/super_blocks.h"
#include "kernel/locking/lock_wait.h"
#include "kernel/locking/stack_waiters.h"
#include "kernel/rcu/grace_period.h"
#include "kernel/sched/awaited_ends.h"
#include "kernel/workqueue/workqueues.h"
#include "report/hang/hang_disks.h"

namespace postmortem {

/// Borrows the kernel and the table. For one thread.
class WaitFinder {
  public:
    WaitFinder(const Kernel& kernel, const TaskTable& table, ProblemCollector& problems);

    /// `functions`: what the task is asleep in, innermost first.
    std::optional<HangWait> find(const Task& task, const std::vector<std::string>& functions);
    /// Whether a timer will wake it up.
    bool has_timer(const Task& task) const;
    /// For a task that is ready to run.
    std::optional<HangWait> for_cpu(const Task& task) const;
    const Workqueues& workqueues() const { return workqueues_; }
    const HangDisks& disks() const { return disks_; }
    const Result<GracePeriod>& grace_period() const { return grace_period_; }

  private:
    std::optional<HangWait> lock(const Task& task, LockKind kind, const std::vector<std::string>& functions);
    std::optional<HangWait> percpu_lock_around(const LockWait& found,
                                               const std::vector<std::string>& functions);
    void add_owner(HangWait& wait, const LockWait& found) const;
    std::optional<HangWait> semaphore(const StackWaiter& waiter);
    HangWait percpu_lock(std::uint64_t address, std::string proof);
    std::optional<HangWait> percpu_writer(const Task& task, const SleepingStack& stack);
    HangWait completion(const Task& task, const StackWaiter& waiter, const SleepingStack& stack,
                        const std::vector<std::string>& functions) const;
    void add_end(HangWait& wait, const AwaitedEnd& end) const;
    void add_flush(HangWait& wait, const FlushTarget& target) const;
    void add_grace_period(HangWait& wait) const;
    HangWait page(const StackWaiter& waiter) const;
    void add_fuse_daemons(HangWait& wait, const SuperBlock& block) const;
    HangWait bit(const StackWaiter& waiter, const std::vector<std::string>& functions) const;
    HangWait rpc(const StackWaiter& waiter) const;
    HangWait queue(const StackWaiter& waiter) const;
    bool add_journal(HangWait& wait) const;
    bool add_frozen(HangWait& wait) const;
    HangBlocker disk_blocker(const std::string& disk, std::string thing, std::string proof) const;
    const Task* running_on(std::uint32_t cpu) const;

    HangWait named(std::string kind, std::uint64_t address, std::string proof) const;
    std::string symbol_of(std::uint64_t address) const;
    std::optional<HangBlocker> blocker(std::uint64_t task, std::string role, std::string proof) const;

    const Kernel& kernel_;
    const TaskTable& table_;
    ProblemCollector& problems_;
    LockWaitFinder locks_;
    StackWaiterFinder waiters_;
    Workqueues workqueues_;
    std::unordered_map<std::uint64_t, AwaitedEnd> ends_;
    std::vector<SuperBlock> super_blocks_;
    HangDisks disks_;
    Result<GracePeriod> grace_period_;
};

}  // namespace postmortem
