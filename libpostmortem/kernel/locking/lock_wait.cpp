#include "kernel/locking/lock_wait.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/locking/waiter_ring.h"
#include "memory/words.h"

namespace postmortem {
namespace {

// include/linux/hung_task.h (e711faaafbe5, 6.14): the kind of lock in the low bits of task->blocker.
constexpr std::uint64_t blocker_type_mask = 3;
constexpr std::uint64_t blocker_type_mutex = 0;
constexpr std::uint64_t blocker_type_semaphore = 1;

// MUTEX_FLAGS; RWSEM_READER_OWNED and one or (5.3 to 5.8) two bits of RWSEM_NONSPINNABLE.
constexpr std::uint64_t mutex_owner_flags = 7;
constexpr std::uint64_t mutex_pickup = 4;
constexpr std::uint64_t rwsem_owner_flags = 7;
constexpr std::uint64_t rwsem_reader_owned = 1;
// RWSEM_OWNER_UNKNOWN of 4.19 to 5.6, -1 or -2: whoever took the lock has handed it to nobody in particular.
constexpr std::uint64_t rwsem_owner_unknown = ~rwsem_owner_flags;

constexpr std::uint64_t rt_mutex_has_waiters = 1;

constexpr std::size_t most_waiters = 100'000;

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
    return std::any_of(starts.begin(), starts.end(), [&](auto start) { return name.starts_with(start); });
}

std::optional<LockKind> rt_slow_path(std::string_view function) {
    if (starts_with_any(function, {"rwbase_", "__rwbase_"})) return LockKind::ReadWriteSemaphore;
    if (starts_with_any(function, {"rtlock_slowlock", "rt_spin_lock_slowlock"})) return LockKind::SpinLock;
    if (starts_with_any(function, {"rt_mutex_", "__rt_mutex_"})) return LockKind::Mutex;
    return std::nullopt;
}

/// The kind of lock that takes these rt_mutexes to be made of, from a function around their slow path.
std::optional<LockKind> rt_lock_of(std::string_view function) {
    if (starts_with_any(function, {"rt_spin_lock", "__rt_spin_lock"})) return LockKind::SpinLock;
    if (starts_with_any(function, {"rt_read_lock", "rt_write_lock"})) return LockKind::ReadWriteLock;
    if (starts_with_any(function, {"mutex_lock", "_mutex_lock", "ww_mutex_lock"})) return LockKind::Mutex;
    if (starts_with_any(function, {"down_read", "down_write"})) return LockKind::ReadWriteSemaphore;
    if (starts_with_any(function, {"rt_mutex_lock", "rt_mutex_wait_proxy_lock", "futex_"}))
        return LockKind::RtMutex;
    return std::nullopt;
}

/// Where in its lock the rt_mutex lies. Since 5.15 (830e6acc8a1c, e17ba59b7e8e, 1c143c4b65da, 42254105dfe8);
/// before, in the patch set of PREEMPT_RT, as the other names.
Result<Field> rt_mutex_in(const TypeFinder& types, LockKind kind) {
    switch (kind) {
        case LockKind::Mutex: return Field::find(types, "mutex", {"rtmutex", "lock"});
        case LockKind::ReadWriteSemaphore:
            return Field::find(types, "rw_semaphore", {"rwbase.rtmutex", "rtmutex"});
        case LockKind::ReadWriteLock: return Field::find(types, "rwbase_rt", {"rtmutex"});
        case LockKind::SpinLock: return Field::find(types, "spinlock", {"lock"});
        case LockKind::RtMutex: break;
    }
    return Field();
}

// A mutex named its owner's thread_info until 3.0 (c6eb3dda2589).
Result<std::uint64_t> owner_of(const Kernel& kernel, bool is_mutex, std::uint64_t address) {
    const Object owner = kernel.object(is_mutex ? "mutex" : "rw_semaphore", address)["owner"];
    const auto value = owner.u64();
    return value && *value != 0 && owner.has("task") ? owner["task"].u64() : value;
}

Result<LockWait> describe(const Kernel& kernel, LockKind kind, std::uint64_t address, const char* proof) {
    const bool is_mutex = kind == LockKind::Mutex;
    const auto owner = owner_of(kernel, is_mutex, address);
    if (!owner) return fail(owner.error());
    LockWait wait{kind, address, *owner & ~(is_mutex ? mutex_owner_flags : rwsem_owner_flags), false, proof};
    wait.handed_over = is_mutex && (*owner & mutex_pickup) != 0;
    wait.owner_is_reader = !is_mutex && (*owner & rwsem_reader_owned) != 0;
    if (!is_mutex && wait.owner == wrapped(kernel.memory(), rwsem_owner_unknown)) {
        wait.owner = 0;
        wait.owner_is_reader = false;
    }
    return wait;
}

// Whoever sleeps for an rt_mutex has its waiter in pi_blocked_on (task_blocks_on_rt_mutex()).
std::optional<Result<LockWait>> by_rt_waiter(const Kernel& kernel, const Task& task, LockKind kind) {
    const Object waiter = kernel.object("task_struct", task.address)["pi_blocked_on"];
    const auto pointer = waiter.u64();
    if (!pointer || *pointer == 0) return std::nullopt;
    const auto place = waiter["lock"].u64(), owner = waiter["lock"]["owner"].u64();
    if (!place || !owner) return fail(place ? owner.error() : place.error());
    // Without PREEMPT_RT the lock is an rt_mutex itself.
    const auto field = rt_mutex_in(kernel.types(), kind);
    return LockWait{field ? kind : LockKind::RtMutex, *place - (field ? field->offset() : 0),
                    *owner & ~rt_mutex_has_waiters, false, "the task's `pi_blocked_on`"};
}

std::optional<Result<LockWait>> by_blocker(const Kernel& kernel, const Task& task) {
    const auto blocker = kernel.object("task_struct", task.address)["blocker"].u64();
    if (!blocker || *blocker == 0) return std::nullopt;
    const std::uint64_t type = *blocker & blocker_type_mask;
    if (type == blocker_type_semaphore) return std::nullopt;
    const LockKind kind = type == blocker_type_mutex ? LockKind::Mutex : LockKind::ReadWriteSemaphore;
    return describe(kernel, kind, *blocker & ~blocker_type_mask, "the task's `blocker`");
}

}  // namespace

std::string_view to_string(LockKind kind) {
    switch (kind) {
        case LockKind::Mutex: return "mutex";
        case LockKind::ReadWriteSemaphore: return "rw_semaphore";
        case LockKind::SpinLock: return "spinlock";
        case LockKind::ReadWriteLock: return "rwlock";
        case LockKind::RtMutex: break;
    }
    return "rt_mutex";
}

std::optional<LockKind> lock_awaited_in(const std::vector<std::string>& functions) {
    // What the slow path itself tells, for callers that jump into it and leave no frame of their own, as
    // mutex_lock() does.
    std::optional<LockKind> slow_path;
    for (const std::string_view name : functions) {
        if (starts_with_any(name, {"__mutex_lock", "__ww_mutex_lock"})) return LockKind::Mutex;
        if (starts_with_any(name, {"rwsem_down_", "__down_read", "__down_write"}))
            return LockKind::ReadWriteSemaphore;
        const auto inner = rt_slow_path(name);
        if (inner && (!slow_path || *inner == LockKind::ReadWriteSemaphore)) slow_path = inner;
        if (!slow_path) continue;
        if (const auto kind = rt_lock_of(name)) return kind;
    }
    return slow_path;
}

LockWaitFinder::LockWaitFinder(const Kernel& kernel, const TaskTable& table)
    : kernel_(kernel), stacks_(kernel) {
    for (const Task& task : table.tasks) tasks_[task.address] = &task;
}

Result<LockWait> LockWaitFinder::find(const Task& task, LockKind kind) {
    if (auto known = by_rt_waiter(kernel_, task, kind)) return std::move(*known);
    if (auto known = by_blocker(kernel_, task)) return std::move(*known);
    // 7.x without CONFIG_DETECT_HUNG_TASK_BLOCKER: of mutexes alone there is a record.
    if (kind == LockKind::Mutex) {
        const auto mutex = kernel_.object("task_struct", task.address)["blocked_on"].u64();
        if (mutex && *mutex != 0)
            return describe(kernel_, LockKind::Mutex, *mutex, "the task's `blocked_on`");
    }
    const bool made_of_rt_mutex = rt_mutex_in(kernel_.types(), kind).has_value();
    return made_of_rt_mutex ? by_readers(task, kind) : by_own_waiter(task, kind);
}

// With PREEMPT_RT a writer takes the rt_mutex of the lock and then waits, on no record, until the readers
// have left; they are counted and not named. The lock is the one on its stack whose rt_mutex this very task
// owns.
Result<LockWait> LockWaitFinder::by_readers(const Task& task, LockKind kind) {
    const auto missing = [&] {
        return fail(ErrorCode::NotFound, fmt::format("pid {} is on no rt_mutex's record", task.pid));
    };
    const auto mutex = rt_mutex_in(kernel_.types(), kind);
    const auto owner = Field::find(kernel_.types(), "rt_mutex_base", {"owner"});
    if (kind != LockKind::ReadWriteSemaphore && kind != LockKind::ReadWriteLock) return missing();
    if (!mutex || !owner) return fail(mutex ? owner.error() : mutex.error());
    const StackRange stack = stacks_.of_task(task.stack);
    const auto sp = kernel_.object("task_struct", task.address).path(kernel_.arch().saved_sp).u64();
    if (!sp) return fail(sp.error());
    const std::uint64_t size = kernel_.memory().word_size();
    for (std::uint64_t slot = align_down(*sp, size); stack.holds(slot, size); slot += size) {
        const auto word = kernel_.memory().word(slot);
        if (!word) return fail(word.error());
        if (*word == 0 || *word % size != 0 || stack.holds(*word, size)) continue;
        const auto who = owner->u64(kernel_.memory(), mutex->address_in(*word));
        if (who && (*who & ~rt_mutex_has_waiters) == task.address)
            return LockWait{kind, *word, 0, true, "the task owns the lock's rt_mutex"};
    }
    return missing();
}

Result<LockWait> LockWaitFinder::by_own_waiter(const Task& task, LockKind kind) {
    const bool is_mutex = kind == LockKind::Mutex;
    const auto waiter_task =
        Field::find(kernel_.types(), is_mutex ? "mutex_waiter" : "rwsem_waiter", {"task"});
    const auto head =
        Field::find(kernel_.types(), is_mutex ? "mutex" : "rw_semaphore", {"first_waiter", "wait_list"});
    if (!waiter_task || !head) return fail(waiter_task ? head.error() : waiter_task.error());

    const StackRange stack = stacks_.of_task(task.stack);
    const auto sp = kernel_.object("task_struct", task.address).path(kernel_.arch().saved_sp).u64();
    if (!sp) return fail(sp.error());
    const std::uint64_t size = kernel_.memory().word_size();
    for (std::uint64_t slot = align_down(*sp, size); stack.holds(slot, size); slot += size) {
        const auto word = kernel_.memory().word(slot);
        if (!word) return fail(word.error());
        if (*word != task.address) continue;
        const auto found = head_of(slot - waiter_task->offset(), *waiter_task, *head, task);
        if (found)
            return describe(kernel_, kind, found->address - head->offset(),
                            found->is_pointer
                                ? "the lock that its stack names points at the ring of its waiters"
                                : "the waiter on its stack hangs in the lock's `wait_list`");
    }
    return fail(ErrorCode::NotFound, fmt::format("no lock waiter lies on the stack of pid {}", task.pid));
}

// Waiters hang in a ring, each on the stack of the task that it names; the one node in it that does not is
// the lock's list head. (What lies behind that may name a task: the writer of a percpu_rw_semaphore
// until 5.7.)
std::optional<LockWaitFinder::Head> LockWaitFinder::head_of(std::uint64_t waiter, const Field& waiter_task,
                                                            const Field& head, const Task& task) {
    const AddressSpace& memory = kernel_.memory();
    std::vector<std::uint64_t> ring;
    const auto found = [&](Head one) {
        for (const std::uint64_t node : ring) heads_[node] = one;
        return one;
    };
    for (std::uint64_t node = waiter; ring.size() < most_waiters;) {
        if (const auto known = heads_.find(node); known != heads_.end()) return known->second;
        ring.push_back(node);
        const auto next = memory.word(node);
        const auto back = next ? memory.word(*next + memory.word_size()) : fail(next.error());
        if (!back || *back != node) return std::nullopt;
        if (*next == waiter) {
            const auto stack = read_sleeping_stack(kernel_, task);
            const auto pointer = stack ? pointer_at_ring(memory, *stack, ring, head) : std::nullopt;
            return pointer ? std::optional(found({*pointer, true})) : std::nullopt;
        }
        const auto who = memory.word(waiter_task.address_in(*next));
        const auto waiting = who ? tasks_.find(*who) : tasks_.end();
        if (waiting == tasks_.end() ||
            !stacks_.of_task(waiting->second->stack).holds(*next, memory.word_size()))
            return found({*next, false});
        node = *next;
    }
    return std::nullopt;
}

}  // namespace postmortem
