// The tasks of a TaskChoice.
#pragma once

#include <postmortem/task_choice.h>

#include "report/tasks/task_selection.h"

namespace postmortem {

struct ChosenTasks {
    std::vector<const Task*> tasks;  ///< in table order
    Problems problems;               ///< selectors that name nothing; policies that could not be read
};

/// InvalidArgument where the choice itself makes no sense. Borrows the table.
Result<ChosenTasks> choose_tasks(const Kernel& kernel, const TaskTable& table, const TaskChoice& choice);

}  // namespace postmortem
