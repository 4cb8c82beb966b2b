// A kernel that brought no types along: what the OOM killer would have looked at is not known, and nobody is
// said to be spared or to weigh nothing.
#include <doctest/doctest.h>

#include "base/problem_collector.h"
#include "kernel/mm/oom_badness.h"
#include "kernel/mm/oom_rule.h"
#include "kernel/sched/tasks.h"
#include "support/untyped_kernel.h"

namespace untyped_oom_test {

using namespace postmortem;

TEST_CASE("without types no process is said to be passed by, and none has a score") {
    for (const test::TaskGeneration& generation : test::task_generations()) {
        CAPTURE(generation.name);
        test::UntypedKernel untyped(generation);
        const auto kernel = untyped.open();
        const TaskTable table = read_tasks(*kernel);
        ProblemCollector problems;
        const auto processes = read_oom_processes(*kernel, table, OomRule(), 1000000, problems);
        REQUIRE_FALSE(processes.empty());
        for (const OomProcess& process : processes) {
            CAPTURE(process.pid);
            CHECK(process.immunity != OomImmunity::Skipped);
            CHECK(process.immunity != OomImmunity::None);
            if (process.immunity == OomImmunity::Unknown) CHECK_FALSE(process.oom_score);
            CHECK_FALSE(process.exiting.has_value());
            CHECK_FALSE(process.oom_victim.has_value());
            CHECK_FALSE(process.kill_first.has_value());
            CHECK_FALSE(process.frozen == std::optional(false));
        }
        CHECK_FALSE(problems.take().empty());
        CHECK_FALSE(read_oom_rule(*kernel).is_known);
    }
}

}  // namespace untyped_oom_test
