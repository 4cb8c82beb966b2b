// Which tasks a user means: pid, task_struct address, or command name, as crash's commands take them.
#pragma once

#include <string>
#include <vector>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// The tasks that any of the selectors names, in table order; all of them where there is no selector.
/// A decimal number is a pid, a hexadecimal one a pid or a task address (with or without 0x), all else a
/// command name. NotFound names the first selector that matches nothing.
Result<std::vector<const Task*>> select_tasks(const TaskTable& table,
                                              const std::vector<std::string>& selectors);

}  // namespace postmortem
