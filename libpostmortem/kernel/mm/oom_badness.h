// Every process as the OOM killer sees it: signal_struct's and mm_struct's part in mm/oom_kill.c.
#pragma once

#include <vector>

#include <postmortem/oom_tasks.h>

#include "base/problem_collector.h"
#include "kernel/mm/oom_rule.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

/// What the kernel found when it read its tasks, in the order of its own list (for_each_process()), kernel
/// threads left out. Everything but `memory`-dependent sums is filled in; what cannot be read stays absent
/// and is told to `problems`. `total_pages` is what badness and score refer to.
std::vector<OomProcess> read_oom_processes(const Kernel& kernel, const TaskTable& table, const OomRule& rule,
                                           std::uint64_t total_pages, ProblemCollector& problems);

/// The weight behind OomProcess::badness, to weigh it again with another total.
OomWeight oom_weight(const OomProcess& process, bool is_admin);

/// CAP_SYS_ADMIN in the initial user namespace; asked only where the rule cares.
bool is_admin(const Kernel& kernel, std::uint64_t task);

}  // namespace postmortem
