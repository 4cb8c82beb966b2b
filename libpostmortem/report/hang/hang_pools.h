// The worker pools that have work and make no progress.
#pragma once

#include <vector>

#include <postmortem/hang.h>

#include "kernel/sched/tasks.h"
#include "kernel/workqueue/workqueues.h"

namespace postmortem {

std::vector<HangPool> find_stalled_pools(const Kernel& kernel, const TaskTable& table,
                                         const Workqueues& queues);

}  // namespace postmortem
