// The locks of PREEMPT_RT, all made of rt_mutexes, as 5.10-rt and later kernels lay them out.
#include "kernel/locking/lock_wait.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace lock_wait_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

constexpr std::uint64_t readers_bytes = 8;
constexpr FakeBuild builds[] = {FakeBuild::X86_64, FakeBuild::I386};

/// `of_patches`: as the patch set of 5.10 named things.
struct Locks {
    explicit Locks(bool of_patches, FakeBuild build = FakeBuild::X86_64) : fake(build) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", fake.word());
        b.structure("list_head", 2 * fake.word(), {{"next", word, 0}, {"prev", word, 8 * fake.word()}});
        const auto base = b.structure(of_patches ? "rt_mutex" : "rt_mutex_base", 32,
                                      {{"wait_lock", word, 0}, {"waiters", word, 64}, {"owner", word, 192}});
        const auto waiter =
            b.structure("rt_mutex_waiter", 64, {{"task", word, 0}, {"lock", b.pointer(base), 128}});
        b.structure("mutex", 32, {{of_patches ? "lock" : "rtmutex", base, 0}});
        b.structure("spinlock", 32, {{"lock", base, 0}});
        if (of_patches) {
            b.structure("rw_semaphore", 40, {{"readers", word, 0}, {"rtmutex", base, readers_bytes * 8}});
        } else {
            const auto rwbase =
                b.structure("rwbase_rt", 40, {{"readers", word, 0}, {"rtmutex", base, readers_bytes * 8}});
            b.structure("rw_semaphore", 40, {{"rwbase", rwbase, 0}});
        }
        const auto thread = b.structure("thread_struct", 8, {{"sp", word, 0}});
        b.structure("task_struct", 64,
                    {{"stack", word, 0}, {"pi_blocked_on", b.pointer(waiter), 64}, {"thread", thread, 128}});
        for (std::int32_t pid : {10, 20}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(stack_bytes(), stack_bytes());
            task.pid = pid;
            fake.put_word(task.address + 16, task.stack + stack_bytes() - 384);
            table.tasks.push_back(task);
        }
        lock = fake.allocate(64);
    }

    /// THREAD_SIZE
    std::uint64_t stack_bytes() const { return fake.word() == 8 ? 16384 : 8192; }
    Task& waiting() { return table.tasks[0]; }
    Task& holding() { return table.tasks[1]; }

    void wait_for(std::uint64_t rt_mutex) {
        const std::uint64_t waiter = waiting().stack + stack_bytes() - 184;
        fake.put_word(waiting().address + 8, waiter);
        fake.put_word(waiter + 16, rt_mutex);
    }

    FakeKernel fake;
    TaskTable table;
    std::uint64_t lock = 0;
};

}  // namespace

TEST_CASE("whoever waits for an rt_mutex: the lock around it, and its owner") {
    for (const auto& [of_patches, build] : {std::pair(false, FakeBuild::X86_64),
                                            {true, FakeBuild::X86_64},
                                            {false, FakeBuild::I386},
                                            {true, FakeBuild::I386Pae}})
        for (const LockKind kind :
             {LockKind::Mutex, LockKind::ReadWriteSemaphore, LockKind::SpinLock, LockKind::RtMutex}) {
            CAPTURE(of_patches);
            CAPTURE(to_string(kind));
            Locks locks(of_patches, build);
            const std::uint64_t rt_mutex =
                locks.lock + (kind == LockKind::ReadWriteSemaphore ? readers_bytes : 0);
            locks.wait_for(rt_mutex);
            locks.fake.put_word(rt_mutex + 24, locks.holding().address | 1);  // RT_MUTEX_HAS_WAITERS
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
    for (const FakeBuild build : builds) {
        Locks locks(false, build);
        locks.fake.put_word(locks.lock + readers_bytes + 24, locks.waiting().address);
        // Not where a longer word could lie.
        const std::uint64_t slot = locks.waiting().stack + locks.stack_bytes() - 37 * locks.fake.word();
        locks.fake.put_word(slot, locks.lock);
        const auto kernel = locks.fake.open();
        LockWaitFinder finder(*kernel, locks.table);
        const auto wait = finder.find(locks.waiting(), LockKind::ReadWriteSemaphore);
        REQUIRE(wait);
        CHECK(wait->address == locks.lock);
        CHECK(wait->owner == 0);
        CHECK(wait->owner_is_reader);
        CHECK(finder.find(locks.holding(), LockKind::ReadWriteSemaphore).error().code == ErrorCode::NotFound);
    }
}

TEST_CASE("a waiter that cannot be read is an error, not an unheld lock") {
    Locks locks(false);
    const std::uint64_t lost = locks.fake.allocate_page();
    locks.fake.put_word(locks.waiting().address + 8, lost);
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
