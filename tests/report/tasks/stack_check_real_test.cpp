// Whose stack overflowed, by the mark at its end.
#include <algorithm>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/stack_checks.h>

#include "kernel/sched/tasks.h"
#include "support/changed_dump.h"
#include "support/temp_dir.h"

namespace stack_check_real_test {

using namespace postmortem;

namespace {

StackCheck checked(const test::ChangedDump& dump) {
    const test::TempDir folder;
    dump.save(folder.path() / "vmcore");
    return check_stacks(CrashDump::open(folder.path() / "vmcore").value());
}

}  // namespace

TEST_CASE("a stack whose mark was overwritten is told, the first task's as any other") {
    test::ChangedDump dump("bookworm-sysrq");
    const TaskTable tasks = read_tasks(dump.kernel());
    const std::uint64_t init_task = dump.kernel().symbol("init_task").value();
    const auto holds_end = [&](const Task& task) {
        return task.address != init_task && dump.kernel().memory().word(task.stack).has_value();
    };
    const Task& other = *std::ranges::find_if(tasks.tasks, holds_end);
    const StackCheck whole = checked(dump);
    CHECK(whole.found.empty());
    CHECK(whole.checked > 0);
    // The first task's own is not in the sample.
    dump.set(dump.kernel().object("task_struct", init_task)["stack"].checked_address().value(), other.stack);
    CHECK(checked(dump).checked == whole.checked + 1);
    dump.set<std::uint64_t>(other.stack, 0);
    StackCheck check = checked(dump);
    REQUIRE(check.found.size() == 2);
    CHECK(check.found[0].task == init_task);
    CHECK(check.found[0].end_word == 0u);
    CHECK(check.found[1].task == other.address);
    dump.set<std::uint64_t>(other.stack, 0x1234);
    check = checked(dump);
    REQUIRE(check.found.size() == 2);
    CHECK(check.found[0].task == init_task);
    CHECK(check.found[0].end_word == 0x1234u);
}

}  // namespace stack_check_real_test
