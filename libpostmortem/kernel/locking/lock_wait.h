// Which lock a sleeping task waits for, and who holds it: mutexes and read-write semaphores
// (kernel/locking/mutex.c, rwsem.c, include/linux/hung_task.h), and what takes their place, and that of
// spinning locks, with PREEMPT_RT: all of it rt_mutexes (rtmutex.c, rwbase_rt.c, spinlock_rt.c).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/sched/tasks.h"
#include "kernel/unwind/stacks.h"

namespace postmortem {

enum class LockKind { Mutex, ReadWriteSemaphore, RtMutex, SpinLock, ReadWriteLock };
/// "mutex", "rw_semaphore", "rt_mutex", "spinlock", "rwlock".
std::string_view to_string(LockKind kind);

/// The kind of lock in whose slow path these functions, innermost first, are asleep.
std::optional<LockKind> lock_awaited_in(const std::vector<std::string>& functions);

struct LockWait {
    LockKind kind = LockKind::Mutex;
    std::uint64_t address = 0;     ///< of the struct mutex, rw_semaphore, …
    std::uint64_t owner = 0;       ///< address of a task_struct; 0 where nobody is on record
    bool owner_is_reader = false;  ///< `owner` is the last one of them, or 0 where none is on record
    const char* proof = "";        ///< how the lock was found
    bool handed_over =
        false;  ///< a mutex that `owner` has been given and has yet to take (MUTEX_FLAG_PICKUP)
};

/// Borrows the kernel and the table. For one thread.
class LockWaitFinder {
  public:
    LockWaitFinder(const Kernel& kernel, const TaskTable& table);

    /// For a task whose backtrace says that it sleeps in the slow path of such a lock. From task->blocker
    /// (6.14 and later) or task->pi_blocked_on (rt_mutexes), else by the waiter that the task keeps on its
    /// own stack and that hangs in the lock's list. NotFound where none leads to a lock.
    Result<LockWait> find(const Task& task, LockKind kind);

  private:
    Result<LockWait> by_readers(const Task& task, LockKind kind);
    Result<LockWait> by_own_waiter(const Task& task, LockKind kind);
    struct Head {
        std::uint64_t address = 0;
        bool is_pointer = false;  ///< at the first waiter; else a list's head
    };
    std::optional<Head> head_of(std::uint64_t waiter, const Field& waiter_task, const Field& head,
                                const Task& task);

    const Kernel& kernel_;
    Stacks stacks_;
    std::unordered_map<std::uint64_t, const Task*> tasks_;  // by address
    std::unordered_map<std::uint64_t, Head> heads_;         // a waiter, and the list that it hangs in
};

}  // namespace postmortem
