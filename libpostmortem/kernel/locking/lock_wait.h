// Which lock a sleeping task waits for, and who holds it: mutexes and read-write semaphores
// (kernel/locking/mutex.c, rwsem.c, include/linux/hung_task.h).
#pragma once

#include <cstdint>
#include <unordered_map>

#include "kernel/unwind/stacks.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

enum class LockKind { Mutex, ReadWriteSemaphore };

struct LockWait {
    LockKind kind = LockKind::Mutex;
    std::uint64_t address = 0;  ///< of the struct mutex or rw_semaphore
    std::uint64_t owner = 0;    ///< address of a task_struct; 0 where nobody is on record
    bool owner_is_reader = false;
};

/// Borrows the kernel and the table. For one thread.
class LockWaitFinder {
  public:
    LockWaitFinder(const Kernel& kernel, const TaskTable& table);

    /// For a task whose backtrace says that it sleeps in the slow path of such a lock. From task->blocker
    /// (6.14 and later), else by the waiter that the task keeps on its own stack and that hangs in the lock's
    /// list. NotFound where neither leads to a lock.
    Result<LockWait> find(const Task& task, LockKind kind);

  private:
    Result<LockWait> by_own_waiter(const Task& task, LockKind kind);
    std::optional<std::uint64_t> list_head_of(std::uint64_t waiter, const Field& waiter_task);

    const Kernel& kernel_;
    Stacks stacks_;
    std::unordered_map<std::uint64_t, const Task*> tasks_;    // by address
    std::unordered_map<std::uint64_t, std::uint64_t> heads_;  // a waiter, and the list that it hangs in
};

}  // namespace postmortem
