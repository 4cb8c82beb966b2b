// The tasks in uninterruptible sleep: how long, in what, and behind whose lock.
#pragma once

#include <vector>

#include <postmortem/panic.h>

#include "base/problem_collector.h"
#include "kernel/unwind/unwind.h"

namespace postmortem {

/// Longest first.
std::vector<BlockedTask> find_blocked_tasks(const Kernel& kernel, const TaskTable& table,
                                            const Unwinder& unwinder, ProblemCollector& problems);

}  // namespace postmortem
