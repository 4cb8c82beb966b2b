// Makes the answer to `ps`.
#pragma once

#include <postmortem/task_list.h>

#include "report/tasks/chosen_tasks.h"

namespace postmortem {

/// Errors only where a selector matches nothing; what cannot be read is in the list's problems.
Result<TaskList> make_task_list(const Kernel& kernel, const std::vector<std::string>& selectors = {});

/// The tasks of a choice. Errors only where the choice makes no sense.
Result<TaskList> make_task_list(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice);

/// One task, for reports that have the table already. What cannot be read is added to `problems`.
TaskInfo make_task_info(const Kernel& kernel, const TaskTable& table, const Task& task, Problems& problems);

}  // namespace postmortem
