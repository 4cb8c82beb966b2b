#include "kernel/locking/lock_wait.h"

#include <vector>

#include <fmt/format.h>

namespace postmortem {
namespace {

// include/linux/hung_task.h (e711faaafbe5, 6.14): the kind of lock in the low bits of task->blocker.
constexpr std::uint64_t blocker_type_mask = 3;
constexpr std::uint64_t blocker_type_mutex = 0;
constexpr std::uint64_t blocker_type_semaphore = 1;

// MUTEX_FLAGS; RWSEM_READER_OWNED and RWSEM_NONSPINNABLE.
constexpr std::uint64_t mutex_owner_flags = 7;
constexpr std::uint64_t rwsem_owner_flags = 3;
constexpr std::uint64_t rwsem_reader_owned = 1;

constexpr std::size_t most_waiters = 100'000;

Result<LockWait> describe(const Kernel& kernel, LockKind kind, std::uint64_t address) {
    const bool is_mutex = kind == LockKind::Mutex;
    const auto owner = kernel.object(is_mutex ? "mutex" : "rw_semaphore", address)["owner"].u64();
    if (!owner) return fail(owner.error());
    LockWait wait{kind, address, *owner & ~(is_mutex ? mutex_owner_flags : rwsem_owner_flags), false};
    wait.owner_is_reader = !is_mutex && (*owner & rwsem_reader_owned) != 0;
    return wait;
}

std::optional<Result<LockWait>> by_blocker(const Kernel& kernel, const Task& task) {
    const auto blocker = kernel.object("task_struct", task.address)["blocker"].u64();
    if (!blocker || *blocker == 0) return std::nullopt;
    const std::uint64_t type = *blocker & blocker_type_mask;
    if (type == blocker_type_semaphore) return std::nullopt;
    const LockKind kind = type == blocker_type_mutex ? LockKind::Mutex : LockKind::ReadWriteSemaphore;
    return describe(kernel, kind, *blocker & ~blocker_type_mask);
}

}  // namespace

LockWaitFinder::LockWaitFinder(const Kernel& kernel, const TaskTable& table)
    : kernel_(kernel), stacks_(kernel) {
    for (const Task& task : table.tasks) tasks_[task.address] = &task;
}

Result<LockWait> LockWaitFinder::find(const Task& task, LockKind kind) {
    if (auto known = by_blocker(kernel_, task)) return std::move(*known);
    // 7.x without CONFIG_DETECT_HUNG_TASK_BLOCKER: of mutexes alone there is a record.
    if (kind == LockKind::Mutex) {
        const auto mutex = kernel_.object("task_struct", task.address)["blocked_on"].u64();
        if (mutex && *mutex != 0) return describe(kernel_, LockKind::Mutex, *mutex);
    }
    return by_own_waiter(task, kind);
}

Result<LockWait> LockWaitFinder::by_own_waiter(const Task& task, LockKind kind) {
    const bool is_mutex = kind == LockKind::Mutex;
    const auto waiter_task =
        Field::find(kernel_.types(), is_mutex ? "mutex_waiter" : "rwsem_waiter", {"task"});
    const auto head = Field::find(kernel_.types(), is_mutex ? "mutex" : "rw_semaphore", {"wait_list"});
    if (!waiter_task || !head) return fail(waiter_task ? head.error() : waiter_task.error());

    const StackRange stack = stacks_.of_task(task.stack);
    const auto sp = kernel_.object("task_struct", task.address)["thread"]["sp"].u64();
    if (!sp) return fail(sp.error());
    for (std::uint64_t slot = *sp & ~7ull; stack.holds(slot, 8); slot += 8) {
        const auto word = kernel_.memory().u64(slot);
        if (!word) return fail(word.error());
        if (*word != task.address) continue;
        if (const auto list_head = list_head_of(slot - waiter_task->offset(), *waiter_task))
            return describe(kernel_, kind, *list_head - head->offset());
    }
    return fail(ErrorCode::NotFound, fmt::format("no lock waiter lies on the stack of pid {}", task.pid));
}

// Waiters hang in a ring; the one node in it that is no waiter is the lock's list head.
std::optional<std::uint64_t> LockWaitFinder::list_head_of(std::uint64_t waiter, const Field& waiter_task) {
    const AddressSpace& memory = kernel_.memory();
    std::vector<std::uint64_t> passed;
    for (std::uint64_t node = waiter; passed.size() < most_waiters;) {
        if (const auto known = heads_.find(node); known != heads_.end()) return known->second;
        passed.push_back(node);
        const auto next = memory.u64(node);
        const auto back = next ? memory.u64(*next + sizeof(std::uint64_t)) : fail(next.error());
        if (!back || *back != node || *next == waiter) return std::nullopt;
        const auto who = memory.u64(waiter_task.address_in(*next));
        if (!who || !tasks_.contains(*who)) {
            for (const std::uint64_t one : passed) heads_[one] = *next;
            return *next;
        }
        node = *next;
    }
    return std::nullopt;
}

}  // namespace postmortem
