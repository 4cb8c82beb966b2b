// The CPUs that do not get on: interrupts that no longer come, a task that does not let go, a real-time task
// that leaves nothing to others.
#pragma once

#include <vector>

#include <postmortem/hang.h>

#include "base/problem_collector.h"
#include "report/hang/hang_tasks.h"

namespace postmortem {

/// `now`: by the scheduler's clock.
std::vector<HangCpu> find_hung_cpus(const Kernel& kernel, const TaskTable& table, HangTasks& tasks,
                                    std::uint64_t now, const Result<GracePeriod>& grace_period,
                                    ProblemCollector& problems);

}  // namespace postmortem
