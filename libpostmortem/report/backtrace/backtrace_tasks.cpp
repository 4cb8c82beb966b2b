#include "report/backtrace/backtrace_tasks.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/backtrace/panic_task.h"
#include "report/tasks/task_selection.h"

namespace postmortem {
namespace {

using Tasks = std::vector<const Task*>;
using WhichTasks = BacktraceRequest::Which;

Tasks active_tasks(const TaskTable& table) {
    Tasks active;
    for (const Task& task : table.tasks)
        if (task.active) active.push_back(&task);
    std::sort(active.begin(), active.end(), [](const Task* a, const Task* b) { return a->cpu < b->cpu; });
    return active;
}

Result<Tasks> tasks_on_cpus(const TaskTable& table, const std::vector<std::uint32_t>& cpus) {
    const Tasks active = active_tasks(table);
    Tasks wanted;
    for (const std::uint32_t cpu : cpus) {
        const auto found =
            std::find_if(active.begin(), active.end(), [&](const Task* task) { return task->cpu == cpu; });
        if (found == active.end())
            return fail(ErrorCode::InvalidArgument, fmt::format("no task was running on a CPU {}", cpu));
        if (std::find(wanted.begin(), wanted.end(), *found) == wanted.end()) wanted.push_back(*found);
    }
    return wanted;
}

Result<Tasks> named_tasks(const Kernel& kernel, const TaskTable& table, const BacktraceRequest& request) {
    switch (request.which) {
        case WhichTasks::All: return select_tasks(table, {});
        case WhichTasks::Selected: return select_tasks(table, request.selectors);
        case WhichTasks::Active: return active_tasks(table);
        case WhichTasks::OnCpus: return tasks_on_cpus(table, request.cpus);
        case WhichTasks::PanicTask: break;
    }
    if (const Task* task = panic_task(kernel, table)) return Tasks{task};
    return fail(ErrorCode::NotFound, "the task that was running when the kernel died cannot be found");
}

// Each task's whole group in place of it, the leader first; a group once.
Tasks with_groups(const Tasks& tasks, const TaskTable& table) {
    Tasks all;
    const auto add = [&](const Task& task) {
        if (std::find(all.begin(), all.end(), &task) == all.end()) all.push_back(&task);
    };
    for (const Task* one : tasks) {
        if (one->is_idle()) {
            add(*one);
            continue;
        }
        if (const Task* leader = table.by_pid(one->tgid)) add(*leader);
        for (const Task& task : table.tasks)
            if (!task.is_idle() && task.tgid == one->tgid) add(task);
    }
    return all;
}

}  // namespace

Result<std::vector<const Task*>> backtrace_tasks(const Kernel& kernel, const TaskTable& table,
                                                 const BacktraceRequest& request) {
    auto tasks = named_tasks(kernel, table, request);
    if (tasks && request.thread_group) tasks = with_groups(*tasks, table);
    if (tasks && request.skip_idle)
        tasks->erase(
            std::remove_if(tasks->begin(), tasks->end(), [](const Task* task) { return task->is_idle(); }),
            tasks->end());
    return tasks;
}

}  // namespace postmortem
