// RHEL 6's mutexes: they name a waiter of a ring that has no head, and their owner's thread_info.
#include <doctest/doctest.h>

#include "kernel/locking/lock_wait.h"
#include "support/fake_kernel.h"

namespace headless_mutex_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t stack_bytes = 16384, list_offset = 8, owner_offset = 24;

/// Two tasks that wait for one mutex, and a third that holds it.
struct Waiters {
    Waiters() {
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const auto thread = b.structure("thread_struct", 8, {{"sp", u64, 0}});
        b.structure("task_struct", 64, {{"stack", u64, 0}, {"thread", thread, 128}});
        const auto info = b.structure("thread_info", 8, {{"task", pointer, 0}});
        b.structure("mutex", 32,
                    {{"count", u64, 0},
                     {"wait_list", b.pointer(list), list_offset * 8},
                     {"owner", b.pointer(info), owner_offset * 8}});
        b.structure("mutex_waiter", 24, {{"list", list, 0}, {"task", pointer, 128}});
        for (std::int32_t pid : {10, 20, 30}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(stack_bytes, stack_bytes);
            task.pid = pid;
            fake.put_u64(task.address + 16, task.stack + stack_bytes - 512);
            fake.put_u64(task.stack, task.address);  // its thread_info
            table.tasks.push_back(task);
        }
        lock = fake.allocate(64);
        fake.put_u64(lock + list_offset, waiter_of(1));
        fake.put_u64(lock + owner_offset, table.tasks[2].stack);
        for (const std::size_t i : {0u, 1u}) {
            fake.put_u64(waiter_of(i), waiter_of(1 - i));
            fake.put_u64(waiter_of(i) + 8, waiter_of(1 - i));
            fake.put_u64(waiter_of(i) + 16, table.tasks[i].address);
            fake.put_u64(table.tasks[i].stack + stack_bytes - 96, lock);
        }
    }
    std::uint64_t waiter_of(std::size_t task) const { return table.tasks[task].stack + stack_bytes - 200; }

    FakeKernel fake;
    TaskTable table;
    std::uint64_t lock = 0;
};

}  // namespace

TEST_CASE("the mutex is the one on the waiter's stack that names a waiter of the same ring") {
    Waiters made;
    const auto kernel = made.fake.open();
    LockWaitFinder finder(*kernel, made.table);
    for (const std::size_t i : {0u, 1u}) {
        const auto wait = finder.find(made.table.tasks[i], LockKind::Mutex);
        REQUIRE_MESSAGE(wait, wait.error().message);
        CHECK(wait->address == made.lock);
        CHECK(wait->owner == made.table.tasks[2].address);
    }
}

TEST_CASE("a ring of waiters of which no mutex on the stack knows is not said to be one's") {
    Waiters made;
    made.fake.put_u64(made.lock + list_offset, made.lock);
    const auto kernel = made.fake.open();
    LockWaitFinder finder(*kernel, made.table);
    CHECK(finder.find(made.table.tasks[0], LockKind::Mutex).error().code == ErrorCode::NotFound);
}

}  // namespace headless_mutex_test
