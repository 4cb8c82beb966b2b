// The tasks that crash's commands for one task at a time are about.
#pragma once

#include "report/tasks/chosen_tasks.h"

namespace postmortem {

/// Those of the choice; where no selector is given, the task that brought the kernel down, as crash's first
/// context is.
Result<ChosenTasks> context_tasks(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice);

}  // namespace postmortem
