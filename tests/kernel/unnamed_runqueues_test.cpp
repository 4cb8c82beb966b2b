// The runqueues by what they hold: whose struct it is that holds its own address, and where types tell.
#include "kernel/unnamed_runqueues.h"

#include <doctest/doctest.h>

#include "support/memory_image.h"

namespace unnamed_runqueues_test {

using namespace postmortem;

namespace {

constexpr std::uint64_t variables = 0xffff800008f00000, area = 0xffff000001000000, tasks = 0xffff000002000000;
constexpr std::uint64_t queue = variables + 0x1ec0, idle_at = 0x300;

struct Queues : test::MemoryImage {
    Queues() {
        map(variables, 0x1000);
        for (std::uint64_t cpu = 0; cpu < 2; ++cpu) {
            around.offsets.push_back(area + cpu * 0x100000 - variables);
            map(area + cpu * 0x100000 - 0x40000, 0x90000);
            put_task(tasks + cpu * 0x10000, "swapper/" + std::to_string(cpu));
            put_task(tasks + cpu * 0x10000 + 0x8000, "migration/" + std::to_string(cpu));
            put<std::uint64_t>(on(cpu) + idle_at, tasks + cpu * 0x10000);
            put<std::uint64_t>(on(cpu) + idle_at + 8, tasks + cpu * 0x10000 + 0x8000);
        }
        around.near = variables + 0x1000;
        around.init_task = tasks;
    }
    void put_task(std::uint64_t at, const std::string& name) {
        map(at, 0x4000);
        put(at + 0x500, name);
    }
    std::uint64_t on(std::uint64_t cpu) const { return queue + around.offsets[cpu]; }
    /// A struct `start` bytes into the queue holds its own address `at` bytes into itself.
    void hold(std::uint64_t start, std::uint64_t at) {
        for (std::uint64_t cpu = 0; cpu < 2; ++cpu) put<std::uint64_t>(on(cpu) + start + at, on(cpu) + start);
    }

    PerCpuSurroundings around;
};

}  // namespace

TEST_CASE("it is the struct around the idle tasks that holds its own address most often") {
    Queues queues;
    CHECK_FALSE(find_runqueues(queues.space(), queues.around));
    queues.hold(0, 0x100);
    CHECK(find_runqueues(queues.space(), queues.around) == queue);
    queues.hold(0, 0x400);
    queues.hold(0x1c0, 0x80);  // a struct inside, as 5.10 has
    CHECK(find_runqueues(queues.space(), queues.around) == queue);
}

TEST_CASE("where types tell how far the idle tasks are from its start, that decides") {
    Queues queues;
    queues.hold(0x1c0, 0x80);
    queues.around.idle = idle_at;
    CHECK(find_runqueues(queues.space(), queues.around) == queue);
}

}  // namespace unnamed_runqueues_test
