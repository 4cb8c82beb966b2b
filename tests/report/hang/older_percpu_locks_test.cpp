// percpu_rw_semaphores until 5.7: whoever waits for one sleeps at the rw_semaphore within it.
#include <doctest/doctest.h>

#include "report/hang/wait_finder.h"
#include "support/fake_kernel.h"

namespace older_percpu_locks_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t stack_bytes = 16384, inner_at = 48, owner_unknown = ~std::uint64_t{1};
const std::vector<std::string> reader_is_in{"rwsem_down_read_slowpath", "__percpu_down_read",
                                            "__sb_start_write", "mnt_want_write"};

/// Two tasks and a lock, as 5.4 lays them out; the first task waits in the lock.
struct Percpu {
    Percpu() {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", 8);
        b.structure("list_head", 16, {{"next", word, 0}, {"prev", word, 64}});
        const auto inner = b.structure(
            "rw_semaphore", 40, {{"count", word, 0}, {"owner", word, 64}, {"wait_list", word, 8 * 24}});
        const auto writer = b.structure("rcuwait", 8, {{"task", word, 0}});
        const auto lock_type = b.structure(
            "percpu_rw_semaphore", 104,
            {{"read_count", word, 8 * 40}, {"rw_sem", inner, 8 * inner_at}, {"writer", writer, 8 * 88}});
        b.structure("rwsem_waiter", 32, {{"list", word, 0}, {"task", word, 128}});
        const auto thread = b.structure("thread_struct", 8, {{"sp", word, 0}});
        b.structure("task_struct", 64, {{"stack", word, 0}, {"thread", thread, 128}});
        const auto locks =
            b.structure("sb_writers", 208,
                        {{"frozen", b.integer("int", 4, true), 0}, {"rw_sem", b.array(lock_type, 1), 64}});
        const auto file_system =
            b.structure("file_system_type", 8, {{"name", b.pointer(b.integer("char", 1)), 0}});
        b.structure("super_block", 256,
                    {{"s_list", word, 0},
                     {"s_type", b.pointer(file_system), 8 * 48},
                     {"s_id", b.array(b.integer("char", 1), 32), 128},
                     {"s_writers", locks, 512}});
        for (std::int32_t pid : {10, 20}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(stack_bytes, stack_bytes);
            task.pid = pid;
            fake.put_word(task.address + 16, task.stack + stack_bytes - 384);
            table.tasks.push_back(task);
        }
        block = fake.allocate(256);
        const std::uint64_t type = fake.allocate(8), name = fake.allocate(8);
        fake.put_u64(block + 48, type);
        fake.put_u64(type, name);
        fake.put_u64(name, 0x34747865);  // "ext4"
        lock = block + 64 + 8;
        const std::uint64_t waiter = table.tasks[0].stack + stack_bytes - 184;
        fake.link_list(lock + inner_at + 24, {waiter});
        fake.put_u64(waiter + 16, table.tasks[0].address);
    }
    HangWait wait(const std::vector<std::string>& functions = reader_is_in) {
        const auto kernel = fake.open();
        ProblemCollector problems;
        auto found = WaitFinder(*kernel, table, problems).find(table.tasks[0], functions);
        REQUIRE(found);
        return *found;
    }
    void put_owner(std::uint64_t owner) { fake.put_u64(lock + inner_at + 8, owner); }

    FakeKernel fake;
    TaskTable table;
    std::uint64_t block = 0, lock = 0;
};

}  // namespace

TEST_CASE("the lock around the rw_semaphore is what a reader waits for, and the writer that has it") {
    Percpu made;
    made.put_owner(made.table.tasks[1].address);
    const HangWait wait = made.wait();
    CHECK(wait.kind == "percpu_rw_semaphore");
    CHECK(wait.address == made.lock);
    CHECK(wait.unknown.empty());
    REQUIRE(wait.blockers.size() == 1);
    REQUIRE(wait.blockers[0].task);
    CHECK(wait.blockers[0].task->pid == 20);
    CHECK(wait.blockers[0].role == "holds it");
}

TEST_CASE("a writer that waits for its readers is told as one") {
    Percpu made;
    made.put_owner(made.table.tasks[1].address);
    made.fake.put_u64(made.lock + 88, made.table.tasks[1].address);
    const HangWait wait = made.wait();
    REQUIRE(wait.blockers.size() == 1);
    CHECK(wait.blockers[0].role == "wants to write, and waits for its readers");
}

TEST_CASE("who froze a file system has left its lock to nobody") {
    Percpu made;
    made.put_owner(owner_unknown);
    SUBCASE("any lock") {
        CHECK(made.wait().unknown == "not known, because the lock names no owner");
    }
    SUBCASE("that of a frozen file system") {
        made.fake.put<std::int32_t>(made.block + 64, 1);  // SB_FREEZE_WRITE
        made.fake.link_list(made.fake.variable("super_blocks", 16), {made.block});
        const HangWait wait = made.wait();
        REQUIRE(wait.blockers.size() == 1);
        CHECK(wait.blockers[0].role == "is frozen");
        CHECK(wait.unknown.empty());
    }
}

TEST_CASE("an rw_semaphore of other functions is itself what is waited for") {
    Percpu made;
    made.put_owner(made.table.tasks[1].address);
    const HangWait wait = made.wait({"rwsem_down_read_slowpath", "down_read", "do_something"});
    CHECK(wait.kind == "rw_semaphore");
    CHECK(wait.address == made.lock + inner_at);
}

}  // namespace older_percpu_locks_test
