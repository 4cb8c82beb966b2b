// Which tasks a request for backtraces means.
#pragma once

#include <vector>

#include <postmortem/backtrace.h>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// In the order in which they are shown. NotFound where a selector matches nothing, InvalidArgument where
/// there is no such CPU.
Result<std::vector<const Task*>> backtrace_tasks(const Kernel& kernel, const TaskTable& table,
                                                 const BacktraceRequest& request);

}  // namespace postmortem
