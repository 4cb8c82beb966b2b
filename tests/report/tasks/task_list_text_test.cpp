// Addresses in ps are as wide as the kernel's.
#include <doctest/doctest.h>

#include <postmortem/process_status.h>
#include <postmortem/render.h>

#include "base/text.h"
#include "kernel/sched/tasks.h"
#include "report/tasks/task_mention.h"
#include "support/untyped_kernel.h"

namespace task_list_text_test {

using namespace postmortem;
using test::task_generations;
using test::UntypedKernel;

namespace {

TaskInfo task_at(std::uint64_t address, std::uint8_t digits) {
    TaskInfo task;
    task.pid = 1;
    task.ppid = 0;
    task.cpu = 0;
    task.state = "IN";
    task.comm = "init";
    task.task = address;
    task.address_digits = digits;
    return task;
}

}  // namespace

TEST_CASE("an address has 8 digits on i386, and 16 elsewhere however low it is") {
    TaskList narrow, wide;
    narrow.tasks = {task_at(0xc1234560, 8)};
    wide.tasks = {task_at(0x6cd000, 16)};
    CHECK(to_text(narrow) ==
          "      PID    PPID  CPU   TASK    ST  %MEM      VSZ      RSS  COMM\n"
          "        1       0   0  c1234560  IN     -        -        -  init\n");
    CHECK(to_text(wide) ==
          "      PID    PPID  CPU       TASK        ST  %MEM      VSZ      RSS  COMM\n"
          "        1       0   0  00000000006cd000  IN     -        -        -  init\n");
    ProcessStatus status;
    status.tasks.resize(1);
    status.tasks.front().task = narrow.tasks.front();
    ProcessPrinting stacks;
    CHECK(to_text(status, stacks) == to_text(narrow));
    stacks.stack_pointers = true;
    status.tasks.front().stack_pointer = 0xc7001000;
    CHECK(contains(to_text(status, stacks), "CPU  KSTACKP  ST"));
    CHECK(contains(task_heading({1, 0x6cd000, 0, "init", 16}), "TASK: 6cd000            CPU: 0"));
    CHECK(contains(task_heading({1, 0xc1234560, 0, "init", 8}), "TASK: c1234560  CPU: 0"));
}

TEST_CASE("how wide addresses are is the kernel's") {
    for (const auto& generation : task_generations()) {
        CAPTURE(generation.name);
        UntypedKernel made(generation);
        const TaskTable table = read_tasks(*made.open());
        REQUIRE_FALSE(table.tasks.empty());
        CHECK(mention(table.tasks.front()).address_digits == 2 * made.word());
    }
}

}  // namespace task_list_text_test
