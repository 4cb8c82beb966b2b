// Workqueues since 2.6.36, with pools of workers.
#include "kernel/workqueue/workqueues.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/fake_kernel.h"

namespace workqueues_test {

using namespace postmortem;

TEST_CASE("where a struct's layout is not known that is said, not that the queues are damaged") {
    test::FakeKernel fake;
    fake.variable("workqueues", 16);
    const auto kernel = fake.open();
    const Workqueues queues(*kernel);
    CHECK(std::any_of(queues.problems().begin(), queues.problems().end(),
                      [](const Error& problem) { return contains(problem.message, "workqueue_struct"); }));
}

TEST_CASE("workers of a pool in a list, and before 3.17 in a table by their numbers") {
    for (const bool in_list : {true, false}) {
        CAPTURE(in_list);
        test::FakeKernel fake;
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8), number = b.integer("int", 4, true);
        const auto pointer = b.pointer(u64);
        const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
        const auto layer = b.pointer(b.next_id() + 2);  // the struct behind the array
        const auto slots = b.array(layer, 64);
        b.structure("idr_layer", 16 + 64 * 8, {{"prefix", number, 0}, {"ary", slots, 128}});
        const auto idr = b.structure("idr", 40, {{"top", layer, 64}, {"layers", number, 192}});
        b.structure("work_struct", 32, {{"data", u64, 0}, {"entry", list, 64}, {"func", pointer, 192}});
        b.structure("worker", 64,
                    {{"task", pointer, 0},
                     {"current_func", pointer, 64},
                     {"current_work", pointer, 128},
                     {"current_pwq", pointer, 192},
                     {"node", list, 256}});
        if (in_list)
            b.structure(
                "worker_pool", 96,
                {{"id", number, 0}, {"cpu", number, 32}, {"worklist", list, 64}, {"workers", list, 192}});
        else
            b.structure(
                "worker_pool", 96,
                {{"id", number, 0}, {"cpu", number, 32}, {"worklist", list, 64}, {"worker_idr", idr, 192}});
        const auto put_in_table = [&](std::uint64_t table, std::vector<std::uint64_t> entries) {
            const std::uint64_t top = fake.allocate(16 + 64 * 8);
            fake.put_u64(table + 8, top);
            fake.put<std::uint32_t>(table + 24, 1);
            for (std::size_t i = 0; i < entries.size(); ++i) fake.put_u64(top + 16 + 8 * i, entries[i]);
        };
        const std::uint64_t pool = fake.allocate(96), first = fake.allocate(64), second = fake.allocate(64);
        put_in_table(fake.variable("worker_pool_idr", 40), {pool});
        fake.put<std::uint32_t>(pool + 4, 1);
        fake.link_list(pool + 8, {});
        if (in_list)
            fake.link_list(pool + 24, {first + 32, second + 32});
        else
            put_in_table(pool + 24, {first, second});
        fake.put_u64(first, 0xffff888000001000);
        fake.put_u64(second, 0xffff888000002000);
        fake.put_u64(second + 8, 0xffffffff81000040);
        const auto kernel = fake.open();
        const Workqueues queues(*kernel);
        REQUIRE(queues.pools().size() == 1);
        CHECK(queues.pools()[0].cpu == 1u);
        REQUIRE(queues.pools()[0].workers.size() == 2);
        CHECK(queues.pools()[0].workers[0].address == first);
        CHECK(queues.worker_of(0xffff888000002000) == &queues.pools()[0].workers[1]);
        CHECK(queues.pools()[0].workers[1].function == 0xffffffff81000040);
        CHECK(std::none_of(queues.problems().begin(), queues.problems().end(),
                           [](const Error& problem) { return contains(problem.message, "worker"); }));
    }
}

TEST_CASE("a barrier of before 3.16 does not name its task, who waits for it does") {
    test::FakeKernel fake;
    auto& b = fake.types();
    const auto u64 = b.integer("long unsigned int", 8), number = b.integer("int", 4, true);
    const auto pointer = b.pointer(u64);
    const auto list = b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
    const auto layer = b.pointer(b.next_id() + 2);
    const auto slots = b.array(layer, 64);
    b.structure("idr_layer", 16 + 64 * 8, {{"prefix", number, 0}, {"ary", slots, 128}});
    b.structure("idr", 40, {{"top", layer, 64}, {"layers", number, 192}});
    const auto work =
        b.structure("work_struct", 32, {{"data", u64, 0}, {"entry", list, 64}, {"func", pointer, 192}});
    b.structure("wq_barrier", 64, {{"work", work, 0}, {"done", u64, 256}});
    b.structure("worker", 80,
                {{"task", pointer, 0},
                 {"current_func", pointer, 64},
                 {"current_work", pointer, 128},
                 {"current_pwq", pointer, 192},
                 {"node", list, 256},
                 {"scheduled", list, 384}});
    b.structure("worker_pool", 96,
                {{"id", number, 0}, {"cpu", number, 32}, {"worklist", list, 64}, {"workers", list, 192}});
    const std::uint64_t barrier_function = fake.variable("wq_barrier_func", 16);
    fake.variable("behind");
    const std::uint64_t pool = fake.allocate(96), worker = fake.allocate(80), barrier = fake.allocate(64),
                        top = fake.allocate(16 + 64 * 8), table = fake.variable("worker_pool_idr", 40);
    fake.put_u64(table + 8, top);
    fake.put<std::uint32_t>(table + 24, 1);
    fake.put_u64(top + 16, pool);
    fake.link_list(pool + 8, {});
    fake.link_list(pool + 24, {worker + 32});
    fake.put_u64(worker + 16, 0xffff888000003000);
    fake.put_u64(barrier + 24, barrier_function);
    fake.link_list(worker + 48, {barrier + 8});
    const auto kernel = fake.open();
    const Workqueues queues(*kernel);
    const auto target = queues.flush_of(barrier + 32, 0xffff888000000040);
    REQUIRE(target);
    CHECK(target->place == FlushTarget::Place::Running);
    CHECK(target->work == 0xffff888000003000);
    CHECK_FALSE(queues.flush_of(worker + 32, 0xffff888000000040));
}

}  // namespace workqueues_test
