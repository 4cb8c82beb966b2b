// Workqueues before 2.6.36, each with threads of its own.
#include <doctest/doctest.h>

#include "kernel/workqueue/workqueues.h"
#include "support/fake_kernel.h"

namespace older_workqueues_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

/// "events" has a thread on each of two CPUs, "single" one.
struct OlderQueues {
    static constexpr std::uint64_t worklist = 8, current = 24, thread = 40, entry = 8, func = 24, done = 32;

    OlderQueues() {
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const auto work = b.structure("work_struct", 32, {{"data", u64, 0}, {"entry", list, 64}, {"func", pointer, 192}});
        b.structure("wq_barrier", 64, {{"work", work, 0}, {"done", u64, 256}});
        b.structure("cpu_workqueue_struct", 64,
                    {{"worklist", list, worklist * 8}, {"current_work", pointer, current * 8}, {"thread", pointer, thread * 8}});
        b.structure("workqueue_struct", 64,
                    {{"cpu_wq", pointer, 0}, {"list", list, 64}, {"name", b.pointer(b.integer("char", 1)), 192}});
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 2);
        fake.put_u64(fake.variable("cpu_possible_bits"), 3);
        const std::uint64_t offsets = fake.variable("__per_cpu_offset", 16);
        fake.put_u64(offsets + 8, 0x1000);
        barrier_function = fake.variable("wq_barrier_func", 16);
        running_function = fake.variable("flush_to_ldisc", 16);
        waiting_function = fake.variable("vmstat_update", 16);
        fake.variable("behind");
        const std::uint64_t head = fake.variable("workqueues", 16);
        events = fake.allocate(0x2000);
        const std::uint64_t single = fake.allocate(0x2000);
        fake.link_list(head, {add("events", events, 2) + 8, add("single", single, 1) + 8});
    }
    std::uint64_t add(std::string_view name, std::uint64_t lines, unsigned threads) {
        const std::uint64_t queue = fake.allocate(64), text = fake.allocate(16);
        fake.write(text, name);
        fake.put_u64(queue, lines);
        fake.put_u64(queue + 24, text);
        for (unsigned cpu = 0; cpu < threads; ++cpu) {
            fake.link_list(lines + 0x1000 * cpu + worklist, {});
            fake.put_u64(lines + 0x1000 * cpu + thread, lines + 0xf00 + cpu);
        }
        return queue;
    }
    std::uint64_t work(std::uint64_t function) {
        const std::uint64_t made = fake.allocate(64);
        fake.put_u64(made + func, function);
        return made;
    }

    FakeKernel fake;
    std::uint64_t events = 0, barrier_function = 0, running_function = 0, waiting_function = 0;
};

}  // namespace

TEST_CASE("each thread is a pool with a line of its own") {
    OlderQueues made;
    const std::uint64_t running = made.work(made.running_function), waiting = made.work(made.waiting_function);
    made.fake.put_u64(made.events + 0x1000 + OlderQueues::current, running);
    made.fake.link_list(made.events + 0x1000 + OlderQueues::worklist, {waiting + OlderQueues::entry});
    // One that was freed while it ran.
    made.fake.put_u64(made.events + OlderQueues::current, made.work(0xffff888000001234));
    const auto kernel = made.fake.open();
    const Workqueues queues(*kernel);
    for (const Error& problem : queues.problems()) CHECK_MESSAGE(false, problem.message);
    REQUIRE(queues.pools().size() == 3);
    const WorkerPool& pool = queues.pools()[1];
    CHECK(pool.cpu == 1u);
    CHECK(pool.pending == 1);
    CHECK(pool.next_function == made.waiting_function);
    REQUIRE(pool.workers.size() == 1);
    CHECK(pool.workers[0].function == made.running_function);
    CHECK(queues.pools()[0].workers[0].function == 0);
    CHECK(queues.name_of_pwq(pool.workers[0].pwq) == "events");
    CHECK(queues.name_of_pwq(queues.pools()[2].address) == "single");
    CHECK(queues.worker_of(made.events + 0xf01) == &pool.workers[0]);
}

TEST_CASE("a flusher waits for what its barrier stands behind, and the thread that runs before it") {
    for (const bool behind_another : {false, true}) {
        CAPTURE(behind_another);
        OlderQueues made;
        const std::uint64_t running = made.work(made.running_function), waiting = made.work(made.waiting_function),
                            barrier = made.work(made.barrier_function);
        made.fake.put_u64(made.events + OlderQueues::current, running);
        std::vector<std::uint64_t> line{barrier + OlderQueues::entry};
        if (behind_another) line.insert(line.begin(), waiting + OlderQueues::entry);
        made.fake.link_list(made.events + OlderQueues::worklist, line);
        const auto kernel = made.fake.open();
        const Workqueues queues(*kernel);
        const auto target = queues.flush_of(barrier + OlderQueues::done, 0xffff888000000040);
        REQUIRE(target);
        CHECK(target->place == (behind_another ? FlushTarget::Place::Line : FlushTarget::Place::Running));
        CHECK(target->workqueue == "events");
        CHECK(target->work == (behind_another ? waiting : running));
        CHECK(target->function == (behind_another ? made.waiting_function : made.running_function));
        REQUIRE(target->workers.size() == 1);
        CHECK(target->workers[0]->task == made.events + 0xf00);
        CHECK_FALSE(queues.flush_of(running + OlderQueues::done, 0xffff888000000040));
    }
}

}  // namespace older_workqueues_test
