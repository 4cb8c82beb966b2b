// Waiters on the stacks of kernels before 4.13, and their timers before 4.2.
#include <doctest/doctest.h>

#include "kernel/locking/stack_waiters.h"
#include "support/fake_kernel.h"

namespace older_waiters_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

/// A task that sleeps, and its stack.
struct Sleeper {
    Sleeper() {
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8), u32 = b.integer("unsigned int", 4),
                   s32 = b.integer("int", 4, true);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const auto entry = b.structure(
            "__wait_queue", 40, {{"flags", u32, 0}, {"private", pointer, 64}, {"func", pointer, 128}, {"task_list", list, 192}});
        const auto key = b.structure("wait_bit_key", 16, {{"flags", pointer, 0}, {"bit_nr", s32, 64}});
        b.structure("wait_bit_queue", 56, {{"key", key, 0}, {"wait", entry, 128}});
        b.structure("timer_list", 48, {{"entry", list, 0}, {"expires", u64, 128}, {"function", pointer, 192}});
        wake = fake.variable("default_wake_function", 16);
        wake_bit = fake.variable("wake_bit_function", 16);
        timeout = fake.variable("process_timeout", 16);
        fake.variable("behind");
        task.address = fake.allocate(64);
        task.pid = 7;
        task.stack = fake.allocate_page(16384);
        at = task.stack + 0x2000;
    }
    /// Hangs an entry at a place on the stack in a list of its own; the list's head.
    std::uint64_t wait(std::uint64_t place, std::uint64_t function) {
        const std::uint64_t head = fake.allocate(16);
        fake.put_u64(place + 8, task.address);
        fake.put_u64(place + 16, function);
        fake.link_list(head, {place + 24});
        return head;
    }
    SleepingStack stack(const Kernel& kernel) const {
        SleepingStack made;
        made.range = {task.stack, task.stack + 16384, StackKind::Task};
        made.first = at;
        for (std::uint64_t i = 0; i < 64; ++i) made.words.push_back(kernel.memory().word(at + 8 * i).value());
        return made;
    }
    TaskTable table() const {
        TaskTable made;
        made.tasks.push_back(task);
        return made;
    }

    FakeKernel fake;
    Task task;
    std::uint64_t at = 0, wake = 0, wake_bit = 0, timeout = 0;
};

}  // namespace

TEST_CASE("an entry of a wait queue has had another name and another link before 4.13") {
    Sleeper made;
    const std::uint64_t head = made.wait(made.at + 0x40, made.wake), bits = made.wait(made.at + 0xa0, made.wake_bit);
    made.fake.put_u64(made.at + 0xa0 - 16, 0xffffea0000001234);
    made.fake.put<std::int32_t>(made.at + 0xa0 - 8, 3);
    // One that hangs nowhere is what is left of an earlier wait.
    made.fake.put_u64(made.at + 0x108, made.task.address);
    made.fake.put_u64(made.at + 0x110, made.wake);
    const auto kernel = made.fake.open();
    const auto waiters = StackWaiterFinder(*kernel, made.table()).find(made.task, made.stack(*kernel));
    REQUIRE(waiters.size() == 2);
    CHECK(waiters[0].kind == WaiterKind::Queue);
    CHECK(waiters[0].head == head);
    CHECK(waiters[0].entry == made.at + 0x40);
    CHECK(waiters[1].kind == WaiterKind::Bit);
    CHECK(waiters[1].head == bits);
    CHECK(waiters[1].key == 0xffffea0000001234);
    CHECK(waiters[1].bit == 3);
}

TEST_CASE("a timer has hung in a ring before 4.2, alone or with others") {
    for (const int others : {0, 1, -1}) {  // -1: it has been taken out
        CAPTURE(others);
        Sleeper made;
        const std::uint64_t timer = made.at + 0x40, head = made.fake.allocate(16), other = made.fake.allocate(16);
        made.fake.put_u64(timer + 24, made.timeout);
        if (others >= 0) made.fake.link_list(head, others == 0 ? std::vector{timer} : std::vector{timer, other});
        if (others < 0) made.fake.put_u64(timer + 8, 0xdead000000200200);
        const auto kernel = made.fake.open();
        CHECK(StackWaiterFinder(*kernel, made.table()).has_timer(made.task, made.stack(*kernel)) == (others >= 0));
    }
}

}  // namespace older_waiters_test
