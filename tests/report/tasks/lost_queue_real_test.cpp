// Which task a CPU was running, in a dump that lost that CPU's run queue.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "kernel/percpu.h"
#include "support/changed_dump.h"
#include "support/temp_dir.h"

namespace lost_queue_real_test {

using namespace postmortem;

TEST_CASE("what a CPU was running is not known without its run queue, and of other CPUs it is") {
    constexpr std::uint32_t lost_cpu = 1;
    test::ChangedDump sample("bookworm-sysrq");
    sample.lose(per_cpu_variable(sample.kernel(), "runqueues", "rq", lost_cpu)["curr"].address());
    const test::TempDir folder;
    sample.save(folder.path() / "vmcore");

    const auto whole = CrashDump::open(sample.kernel().path())->tasks(),
               cut = CrashDump::open(folder.path() / "vmcore")->tasks();
    REQUIRE(whole);
    REQUIRE(cut);
    CHECK(std::any_of(cut->problems.begin(), cut->problems.end(), [](const Error& problem) {
        return problem.message.find("runqueue of CPU 1") != std::string::npos;
    }));
    std::size_t unknown = 0;
    for (const TaskInfo& task : cut->tasks) {
        const auto same = std::find_if(whole->tasks.begin(), whole->tasks.end(),
                                       [&](const TaskInfo& other) { return other.task == task.task; });
        REQUIRE(same != whole->tasks.end());
        REQUIRE(same->active);
        unknown += !task.active;
        if (task.cpu == lost_cpu) CHECK_FALSE(task.active);
        if (task.active) CHECK(*task.active == *same->active);
    }
    CHECK(unknown > 0);
    CHECK(unknown < cut->tasks.size());
}

}  // namespace lost_queue_real_test
