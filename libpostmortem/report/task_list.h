// Makes the answer to `ps`.
#pragma once

#include <postmortem/task_list.h>

#include "report/task_selection.h"

namespace postmortem {

/// Errors only where a selector matches nothing; what cannot be read is in the list's problems.
Result<TaskList> make_task_list(const Kernel& kernel, const std::vector<std::string>& selectors = {});

}  // namespace postmortem
