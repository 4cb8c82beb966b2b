// The locks of PREEMPT_RT, all made of rt_mutexes, as 5.10-rt and later kernels lay them out.
#include "kernel/locking/lock_wait.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace lock_wait_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t readers_bytes = 8;

/// `of_patches`: as the patch set of 5.10 named things.
struct Locks {
    explicit Locks(bool of_patches) {
        auto& b = fake.types();
        const auto u64 = b.integer("unsigned long", 8);
        const auto base = b.structure(of_patches ? "rt_mutex" : "rt_mutex_base", 32,
                                      {{"wait_lock", u64, 0}, {"waiters", u64, 64}, {"owner", u64, 192}});
        const auto waiter =
            b.structure("rt_mutex_waiter", 64, {{"task", u64, 0}, {"lock", b.pointer(base), 128}});
        b.structure("mutex", 32, {{of_patches ? "lock" : "rtmutex", base, 0}});
        b.structure("spinlock", 32, {{"lock", base, 0}});
        if (of_patches) {
            b.structure("rw_semaphore", 40, {{"readers", u64, 0}, {"rtmutex", base, readers_bytes * 8}});
        } else {
            const auto rwbase =
                b.structure("rwbase_rt", 40, {{"readers", u64, 0}, {"rtmutex", base, readers_bytes * 8}});
            b.structure("rw_semaphore", 40, {{"rwbase", rwbase, 0}});
        }
        const auto thread = b.structure("thread_struct", 8, {{"sp", u64, 0}});
        b.structure("task_struct", 64,
                    {{"stack", u64, 0}, {"pi_blocked_on", b.pointer(waiter), 64}, {"thread", thread, 128}});
        for (std::int32_t pid : {10, 20}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(16384, 16384);
            task.pid = pid;
            fake.put_u64(task.address + 16, task.stack + 16000);
            table.tasks.push_back(task);
        }
        lock = fake.allocate(64);
    }

    Task& waiting() { return table.tasks[0]; }
    Task& holding() { return table.tasks[1]; }

    void wait_for(std::uint64_t rt_mutex) {
        const std::uint64_t waiter = waiting().stack + 16200;
        fake.put_u64(waiting().address + 8, waiter);
        fake.put_u64(waiter + 16, rt_mutex);
    }

    FakeKernel fake;
    TaskTable table;
    std::uint64_t lock = 0;
};

}  // namespace

TEST_CASE("whoever waits for an rt_mutex: the lock around it, and its owner") {
    for (const bool of_patches : {false, true})
        for (const LockKind kind :
             {LockKind::Mutex, LockKind::ReadWriteSemaphore, LockKind::SpinLock, LockKind::RtMutex}) {
            CAPTURE(of_patches);
            CAPTURE(to_string(kind));
            Locks locks(of_patches);
            const std::uint64_t rt_mutex =
                locks.lock + (kind == LockKind::ReadWriteSemaphore ? readers_bytes : 0);
            locks.wait_for(rt_mutex);
            locks.fake.put_u64(rt_mutex + 24, locks.holding().address | 1);  // RT_MUTEX_HAS_WAITERS
            const auto kernel = locks.fake.open();
            LockWaitFinder finder(*kernel, locks.table);
            const auto wait = finder.find(locks.waiting(), kind);
            REQUIRE(wait);
            CHECK(wait->kind == kind);
            CHECK(wait->address == locks.lock);
            CHECK(wait->owner == locks.holding().address);
            CHECK_FALSE(wait->owner_is_reader);
        }
}

TEST_CASE(
    "a writer that waits for readers owns the lock's rt_mutex itself, and the readers are not on record") {
    Locks locks(false);
    locks.fake.put_u64(locks.lock + readers_bytes + 24, locks.waiting().address);
    locks.fake.put_u64(locks.waiting().stack + 16100 / 8 * 8, locks.lock);
    const auto kernel = locks.fake.open();
    LockWaitFinder finder(*kernel, locks.table);
    const auto wait = finder.find(locks.waiting(), LockKind::ReadWriteSemaphore);
    REQUIRE(wait);
    CHECK(wait->address == locks.lock);
    CHECK(wait->owner == 0);
    CHECK(wait->owner_is_reader);
    CHECK(finder.find(locks.holding(), LockKind::ReadWriteSemaphore).error().code == ErrorCode::NotFound);
}

TEST_CASE("a waiter that cannot be read is an error, not an unheld lock") {
    Locks locks(false);
    const std::uint64_t lost = locks.fake.allocate_page();
    locks.fake.put_u64(locks.waiting().address + 8, lost);
    locks.fake.exclude(lost);
    const auto kernel = locks.fake.open();
    LockWaitFinder finder(*kernel, locks.table);
    CHECK(finder.find(locks.waiting(), LockKind::Mutex).error().code == ErrorCode::PageExcluded);
}

TEST_CASE("the lock that a backtrace waits in, with and without PREEMPT_RT") {
    using Functions = std::vector<std::string>;
    struct {
        Functions functions;
        std::optional<LockKind> kind;
    } const cases[] = {
        {{"__mutex_lock.constprop.0", "do_lookup"}, LockKind::Mutex},
        {{"rwsem_down_write_slowpath", "down_write"}, LockKind::ReadWriteSemaphore},
        {{"rt_mutex_slowlock_block.constprop.0", "rt_mutex_slowlock.constprop.0", "mutex_lock"},
         LockKind::Mutex},
        {{"__rt_mutex_slowlock", "rt_mutex_slowlock_locked", "rt_mutex_slowlock.constprop.0", "_mutex_lock"},
         LockKind::Mutex},
        {{"rt_mutex_slowlock_block.constprop.0", "rwbase_write_lock", "down_write"},
         LockKind::ReadWriteSemaphore},
        {{"rwbase_write_lock", "down_write_nested"}, LockKind::ReadWriteSemaphore},
        {{"__rwbase_read_lock", "down_read"}, LockKind::ReadWriteSemaphore},
        {{"rtlock_slowlock_locked", "rt_spin_lock", "eventfd_write"}, LockKind::SpinLock},
        {{"rtlock_slowlock_locked", "rwbase_write_lock", "rt_write_lock"}, LockKind::ReadWriteLock},
        {{"preempt_schedule_lock", "rt_spin_lock_slowlock_locked", "rt_spin_lock_slowlock", "rt_spin_lock"},
         LockKind::SpinLock},
        {{"rt_mutex_slowlock.constprop.0", "fdget_pos", "ksys_read"}, LockKind::Mutex},
        {{"__rt_mutex_slowlock", "rt_mutex_slowlock_locked", "rt_mutex_lock", "rcu_boost_kthread"},
         LockKind::RtMutex},
        {{"rt_spin_lock", "eventfd_write"}, std::nullopt},
        {{"percpu_rwsem_wait", "__percpu_down_read"}, std::nullopt},
        {{"pipe_read", "mutex_lock"}, std::nullopt},
    };
    for (const auto& one : cases) {
        CAPTURE(one.functions.front());
        CHECK(lock_awaited_in(one.functions) == one.kind);
    }
}

}  // namespace lock_wait_test
