#include "report/tasks/context_tasks.h"

#include "report/backtrace/panic_task.h"

namespace postmortem {

Result<ChosenTasks> context_tasks(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice) {
    if (!choice.selectors.empty()) return choose_tasks(kernel, table, choice);
    if (const Task* task = panic_task(kernel, table)) return ChosenTasks{{task}, {}};
    return fail(ErrorCode::NotFound,
                "the task that was running when the kernel died cannot be found: name one");
}

}  // namespace postmortem
