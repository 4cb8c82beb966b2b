#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/task_context.h>

#include "kernel/sched/task_state_words.h"
#include "kernel/sched/tasks.h"
#include "report/backtrace/panic_task.h"
#include "report/tasks/task_selection.h"

namespace postmortem {
namespace {

Result<const Task*> task_of_cpu(const TaskTable& table, std::uint32_t cpu) {
    const auto found = std::find_if(table.tasks.begin(), table.tasks.end(),
                                    [&](const Task& task) { return task.active && task.cpu == cpu; });
    if (found != table.tasks.end()) return &*found;
    return fail(ErrorCode::InvalidArgument, fmt::format("no task is known that ran on CPU {}", cpu));
}

Result<const Task*> selected_task(const TaskTable& table, const std::string& selector) {
    auto selected = select_tasks(table, {selector});
    if (!selected) return fail(std::move(selected.error()));
    // Idle tasks have one pid in common: as crash has it, the first CPU's is meant.
    const auto one_pid = [&](const Task* task) { return task->pid == selected->front()->pid; };
    if (std::all_of(selected->begin(), selected->end(), one_pid)) return selected->front();
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} tasks are meant by '{}'; name one by its pid", selected->size(), selector));
}

Result<const Task*> wanted_task(const Kernel& kernel, const TaskTable& table,
                                const TaskContextRequest& request) {
    if (!request.selector.empty()) return selected_task(table, request.selector);
    if (request.cpu) return task_of_cpu(table, *request.cpu);
    if (const Task* task = panic_task(kernel, table)) return task;
    return fail(ErrorCode::NotFound, "the task that was running when the kernel died cannot be found");
}

// In the task_struct since 4.9 where THREAD_INFO_IN_TASK is set (c65eacbe290b), before at the stack's end,
// with a pointer at its task. Of an inferred layout it may be that neither is known.
std::optional<std::uint64_t> thread_info_of(const Kernel& kernel, const Task& task) {
    if (const auto offset = kernel.types().offset_of("task_struct", "thread_info"))
        return task.address + *offset;
    const bool on_stack = kernel.types().offset_of("thread_info", "task").has_value();
    return on_stack && task.stack != 0 ? std::optional(task.stack) : std::nullopt;
}

}  // namespace

Result<TaskContext> task_context(const CrashDump& dump, const TaskContextRequest& request) {
    const Kernel& kernel = dump.kernel();
    const TaskTable table = read_tasks(kernel);
    const auto task = wanted_task(kernel, table, request);
    if (!task) return fail(task.error());
    TaskContext context;
    context.pid = (*task)->pid;
    context.comm = (*task)->comm;
    context.task = (*task)->address;
    context.thread_info = thread_info_of(kernel, **task);
    context.cpu = (*task)->cpu;
    context.same_pid = static_cast<std::uint32_t>(std::count_if(
        table.tasks.begin(), table.tasks.end(), [&](const Task& one) { return one.pid == (*task)->pid; }));
    context.state = task_state_words(TaskStates::of(kernel), (*task)->state);
    context.active = (*task)->active;
    context.panic = *task == panic_task(kernel, table);
    context.problems = table.problems;
    return context;
}

}  // namespace postmortem
