// The task that the kernel died in, where only the stacks tell (kernels before 4.5 that QEMU dumped).
#include <doctest/doctest.h>

#include "report/backtrace/panic_task.h"
#include "support/real_dumps.h"

namespace panic_task_real_test {

using namespace postmortem;

TEST_CASE("the stacks of what ran tell the task that panicked as the kernel's variables do") {
    std::size_t compared = 0;
    for (const char* name : {"vmcore", "vmcore.small"})
        for (const auto& path : test::real_dumps(name)) {
            CAPTURE(path.string());
            const auto kernel = Kernel::open(path);
            REQUIRE(kernel);
            const auto cpu = panicked_cpu(**kernel);
            if (!cpu) continue;
            const TaskTable table = read_tasks(**kernel);
            const Task* told = panic_task(**kernel, table);
            REQUIRE(told);
            CHECK(task_in_panic(**kernel, table) == told);
            ++compared;
        }
    CHECK(compared > 0);
}

}  // namespace panic_task_real_test
