// Waiters in a ring without a list's head: RHEL 6's mutex, RHEL 7's rw_semaphore, and the locks and
// semaphores of 7.2.
#include <doctest/doctest.h>

#include "kernel/locking/lock_wait.h"
#include "report/hang/wait_finder.h"
#include "support/fake_kernel.h"

namespace waiter_ring_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t stack_bytes = 16384, ring_at = 16, mutex_owner_at = 8;
const std::vector<std::string> in_down{"___down_common", "__down", "down"};

/// Two tasks that wait for a lock, and a third that holds it.
struct Ring {
    explicit Ring(bool of_rhel7) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", 8);
        const auto list = b.structure("list_head", 16, {{"next", word, 0}, {"prev", word, 64}});
        const auto pointer = b.pointer(list);
        const auto first = of_rhel7 ? b.structure("slist_head", 8, {{"next", pointer, 0}}) : pointer;
        b.structure("rw_semaphore", 32,
                    {{"count", word, 0},
                     {of_rhel7 ? "wait_list" : "first_waiter", first, 8 * ring_at},
                     {"owner", word, 192}});
        const auto info = b.structure("thread_info", 8, {{"task", word, 0}});
        b.structure("mutex", 32,
                    {{"count", word, 0},
                     {"wait_list", pointer, 8 * ring_at},
                     {"owner", b.pointer(info), 8 * mutex_owner_at}});
        b.structure("mutex_waiter", 32, {{"list", list, 0}, {"task", word, 128}});
        b.structure("semaphore", 24, {{"count", word, 0}, {"first_waiter", pointer, 64}});
        b.structure("rwsem_waiter", 32, {{"list", list, 0}, {"task", word, 128}});
        b.structure("semaphore_waiter", 32, {{"list", list, 0}, {"task", word, 128}});
        const auto thread = b.structure("thread_struct", 8, {{"sp", word, 0}});
        b.structure("task_struct", 64, {{"stack", word, 0}, {"thread", thread, 128}});
        for (std::int32_t pid : {10, 20, 30}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(stack_bytes, stack_bytes);
            task.pid = pid;
            fake.put_word(task.address + 16, task.stack + stack_bytes - 384);
            fake.put_word(task.stack, task.address);  // its thread_info
            table.tasks.push_back(task);
            waiters.push_back(task.stack + stack_bytes - 184);
        }
        fake.link_list(waiters[0], {waiters[1]});
        for (std::size_t i = 0; i < 2; ++i) {
            fake.put_u64(waiters[i] + 16, table.tasks[i].address);
            fake.put_u64(waiters[i] + 64, lock);
        }
        fake.put_u64(lock + ring_at, waiters[0]);
        fake.put_u64(lock + 24, table.tasks[2].address);
        fake.put_u64(lock + mutex_owner_at, table.tasks[2].stack);
        fake.put_u64(semaphore + 8, waiters[0]);
    }

    FakeKernel fake;
    TaskTable table;
    std::vector<std::uint64_t> waiters;
    std::uint64_t lock = fake.allocate(64), semaphore = fake.allocate(64);
};

}  // namespace

TEST_CASE("the lock that points at a ring of waiters lies on their stacks") {
    for (const bool of_rhel7 : {true, false}) {
        CAPTURE(of_rhel7);
        Ring ring(of_rhel7);
        const auto kernel = ring.fake.open();
        LockWaitFinder finder(*kernel, ring.table);
        // RHEL 6's mutex names its owner's thread_info.
        for (const LockKind kind : {LockKind::ReadWriteSemaphore, LockKind::Mutex}) {
            CAPTURE(to_string(kind));
            for (std::size_t i = 0; i < 2; ++i) {
                const auto wait = finder.find(ring.table.tasks[i], kind);
                REQUIRE(wait);
                CHECK(wait->address == ring.lock);
                CHECK(wait->owner == ring.table.tasks[2].address);
            }
            CHECK_FALSE(finder.find(ring.table.tasks[2], kind));
        }
    }
}

TEST_CASE("a ring at which nothing points is no lock's, though its own links look like one") {
    Ring ring(true);
    ring.fake.put_u64(ring.lock + ring_at, 0);
    const auto kernel = ring.fake.open();
    LockWaitFinder finder(*kernel, ring.table);
    for (const LockKind kind : {LockKind::ReadWriteSemaphore, LockKind::Mutex})
        CHECK(finder.find(ring.table.tasks[0], kind).error().code == ErrorCode::NotFound);
}

TEST_CASE("a semaphore that points at the first of its waiters") {
    for (const bool is_named : {true, false}) {
        CAPTURE(is_named);
        Ring ring(false);
        // Eight bytes behind a waiter lies the link back, as eight bytes behind a semaphore its first waiter.
        ring.fake.put_u64(ring.waiters[0] + 64, is_named ? ring.semaphore : 0);
        const auto kernel = ring.fake.open();
        ProblemCollector problems;
        const auto wait = WaitFinder(*kernel, ring.table, problems).find(ring.table.tasks[0], in_down);
        REQUIRE(wait.has_value() == is_named);
        if (wait) CHECK(wait->kind == "semaphore");
        if (wait) CHECK(wait->address == ring.semaphore);
    }
}

}  // namespace waiter_ring_test
