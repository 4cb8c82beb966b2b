// What tasks wait for on kernels before 4.4: frozen file systems, and the ends of kernel threads.
#include <doctest/doctest.h>

#include "report/hang/wait_finder.h"
#include "support/fake_kernel.h"

namespace older_queues_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t stack_bytes = 16384, queue_at = 32;

/// A task that waits on a queue, and a kernel thread; `of_writers`: the super block has `s_writers`,
/// since 3.6.
struct Older {
    explicit Older(bool of_writers = true) {
        auto& b = fake.types();
        const auto word = b.integer("unsigned long", 8), number = b.integer("int", 4, true);
        const auto list = b.structure("list_head", 16, {{"next", word, 0}, {"prev", word, 64}});
        const auto head = b.structure("__wait_queue_head", 24, {{"lock", word, 0}, {"task_list", list, 64}});
        b.structure(
            "__wait_queue", 40,
            {{"flags", number, 0}, {"private", word, 64}, {"func", word, 128}, {"task_list", list, 192}});
        b.structure("completion", 32, {{"done", number, 0}, {"wait", head, 64}});
        b.structure("kthread", 48, {{"should_stop", number, 0}, {"exited", b.integer("long", 8), 64}});
        b.union_of("thread_union", stack_bytes, {{"thread_info", word, 0}});
        const auto thread = b.structure("thread_struct", 8, {{"sp", word, 0}});
        b.structure("task_struct", 64,
                    {{"stack", word, 0},
                     {"vfork_done", word, 64},
                     {"thread", thread, 128},
                     {"set_child_tid", word, 192}});
        const auto type = b.structure("file_system_type", 8, {{"name", b.pointer(b.integer("char", 1)), 0}});
        const auto id = b.array(b.integer("char", 1), 32);
        if (of_writers) {
            const auto writers =
                b.structure("sb_writers", 64, {{"frozen", number, 0}, {"wait_unfrozen", head, queue_at * 8}});
            b.structure("super_block", 256,
                        {{"s_list", list, 0},
                         {"s_type", b.pointer(type), 128},
                         {"s_id", id, 192},
                         {"s_writers", writers, 512}});
        } else {
            b.structure("super_block", 256,
                        {{"s_list", list, 0},
                         {"s_type", b.pointer(type), 128},
                         {"s_id", id, 192},
                         {"s_frozen", number, 512},
                         {"s_wait_unfrozen", head, (64 + queue_at) * 8}});
        }
        wake = fake.variable("autoremove_wake_function", 16);
        fake.variable("behind");
        for (std::int32_t pid : {10, 20}) {
            Task task;
            task.address = fake.allocate(64);
            task.stack = fake.allocate(stack_bytes, stack_bytes);
            task.pid = pid;
            fake.put_word(task.address, task.stack);
            fake.put_word(task.address + 16, task.stack + stack_bytes - 384);
            table.tasks.push_back(task);
        }
        table.tasks[1].flags = 0x00200000;  // PF_KTHREAD
        block = fake.allocate(256);
        const std::uint64_t ext4 = fake.allocate(8), name = fake.allocate(8);
        fake.link_list(fake.variable("super_blocks", 16), {block});
        fake.put_u64(block + 16, ext4);
        fake.put_u64(ext4, name);
        fake.write(name, std::string("ext4") + '\0');
        fake.write(block + 24, std::string("vdc") + '\0');
        fake.put<std::uint32_t>(block + 64, 3);
    }
    std::uint64_t queue() const { return block + 64 + queue_at; }
    void wait_at(std::uint64_t list) {
        const std::uint64_t entry = table.tasks[0].stack + stack_bytes - 184;
        fake.put_u64(entry + 8, table.tasks[0].address);
        fake.put_u64(entry + 16, wake);
        fake.link_list(list, {entry + 24});
    }
    HangWait wait(const std::vector<std::string>& functions) {
        const auto kernel = fake.open();
        ProblemCollector problems;
        auto found = WaitFinder(*kernel, table, problems).find(table.tasks[0], functions);
        REQUIRE(found);
        return *found;
    }

    FakeKernel fake;
    TaskTable table;
    std::uint64_t block = 0, wake = 0;
};

}  // namespace

TEST_CASE("a writer waits on a queue of the frozen super block") {
    for (const bool of_writers : {true, false}) {
        CAPTURE(of_writers);
        Older made(of_writers);
        made.wait_at(made.queue() + 8);
        const HangWait wait = made.wait({"__sb_start_write", "mnt_want_write"});
        CHECK(wait.address == made.queue());
        REQUIRE(wait.blockers.size() == 1);
        CHECK(wait.blockers[0].thing.find("vdc") != std::string::npos);
        CHECK(wait.blockers[0].proof.find(of_writers ? "s_writers.frozen" : "s_frozen") != std::string::npos);
        // It has been thawed, and the task has yet to run.
        Older thawed(of_writers);
        thawed.fake.put<std::uint32_t>(thawed.block + 64, 0);
        thawed.wait_at(thawed.queue() + 8);
        CHECK(thawed.wait({"__sb_start_write"}).blockers.empty());
    }
}

TEST_CASE(
    "kthread_stop() waits for a completion on the thread's own stack; vfork() has one on the parent's") {
    for (const bool own : {true, false}) {
        CAPTURE(own);
        Older made;
        const Task& thread = made.table.tasks[1];
        const std::uint64_t done =
            own ? thread.stack + stack_bytes - 240 : made.table.tasks[0].stack + stack_bytes - 100 * 8;
        made.fake.put_u64(thread.address + 8, done);
        made.wait_at(done + 16);
        const HangWait wait = made.wait({"wait_for_common", "wait_for_completion", "kthread_stop"});
        CHECK(wait.address == done);
        REQUIRE(wait.blockers.size() == (own ? 1 : 0));
        if (own) CHECK(wait.blockers[0].task->pid == 20);
    }
}

}  // namespace older_queues_test
