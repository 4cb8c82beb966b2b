#include "report/stack_checks/stack_check.h"

#include <fmt/format.h>

#include <postmortem/crash_dump.h>

#include "base/problem_collector.h"
#include "kernel/percpu.h"
#include "kernel/sched/tasks.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::uint64_t stack_end_magic = 0x57ac6e9d;  // include/uapi/linux/magic.h

// The stack's last word (end_of_stack() in include/linux/sched/task_stack.h) lies behind the thread_info,
// which x86 moved into the task_struct in 4.9 (15f4eae70d36).
class StackChecker {
  public:
    explicit StackChecker(const Kernel& kernel) : kernel_(kernel), word_(kernel.arch().word_size) {
        const TypeFinder& types = kernel.types();
        in_task_ = Field::find(types, "task_struct", {"thread_info"}).has_value();
        thread_info_size_ = in_task_ ? 0 : types.size_of("thread_info").value_or(0);
        named_task_ = in_task_ ? Field() : Field::find(types, "thread_info", {"task"}).value_or(Field());
        named_cpu_ = in_task_ ? Field() : Field::find(types, "thread_info", {"cpu"}).value_or(Field());
    }

    bool knows_end() const { return in_task_ || thread_info_size_ != 0; }

    /// What is wrong with the stack of a task, if anything.
    Result<std::optional<OverflownStack>> check(const Task& task, std::uint32_t cpus) const {
        const auto end = kernel_.memory().word(task.stack + thread_info_size_);
        if (!end) return fail(end.error());
        OverflownStack found{task.pid, task.address, task.cpu, task.comm, {}, {}, {}};
        if (*end != stack_end_magic && (*end != 0 || is_marked(task))) found.end_word = *end;
        if (const auto named = named_task_.u64(kernel_.memory(), task.stack); named && *named != task.address)
            found.named_task = *named;
        if (const auto cpu = named_cpu_.u64(kernel_.memory(), task.stack); cpu && *cpu >= cpus)
            found.named_cpu = *cpu;
        if (in_task_ && task.cpu && *task.cpu >= cpus) found.named_cpu = *task.cpu;
        const bool wrong = found.end_word || found.named_task || found.named_cpu;
        return wrong ? std::optional(std::move(found)) : std::nullopt;
    }

  private:
    // The first task, which nobody forked, is since 3.18 (d4311ff1a8da): surely where the thread_info has
    // moved.
    bool is_marked(const Task& task) const {
        const auto first = kernel_.symbol("init_task");
        return in_task_ || !first || task.address != *first;
    }

    const Kernel& kernel_;
    std::uint64_t word_;
    bool in_task_ = false;
    std::uint64_t thread_info_size_ = 0;
    Field named_task_, named_cpu_;
};

}  // namespace

StackCheck check_stacks(const CrashDump& dump) {
    return check_stacks(dump.kernel());
}

StackCheck check_stacks(const Kernel& kernel) {
    StackCheck check;
    ProblemCollector problems;
    check.address_digits = static_cast<std::uint8_t>(kernel.arch().word_size * 2);
    const TaskTable table = read_tasks(kernel);
    problems.add_all(table.problems);
    const auto cpus = cpu_limit(kernel);
    check.cpus = cpus.value_or(~std::uint32_t{0});
    if (!cpus) problems.add("the number of CPUs", cpus.error());
    const StackChecker checker(kernel);
    if (!checker.knows_end())
        problems.add(
            {ErrorCode::MissingDebugInfo, "where stacks end is not known: struct thread_info is not"});
    for (const Task& task : table.tasks) {
        if (task.stack == 0 || !checker.knows_end()) continue;
        const auto found = checker.check(task, check.cpus);
        if (!found) {
            problems.add("the end of the stack", fmt::format("of pid {}", task.pid), found.error());
            continue;
        }
        ++check.checked;
        if (*found) check.found.push_back(**found);
    }
    check.problems = problems.take();
    return check;
}

}  // namespace postmortem
