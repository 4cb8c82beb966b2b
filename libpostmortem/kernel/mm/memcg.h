// The tree of memory control groups: struct mem_cgroup with its page counters, events and statistics
// (mm/memcontrol.c, mm/memcontrol-v1.c, include/linux/memcontrol.h).
#pragma once

#include <postmortem/cgroup_tree.h>

#include "base/problem_collector.h"
#include "kernel/cgroup/cgroups.h"

namespace postmortem {

/// Every group that the root leads to, each behind its parent, with the numbers that the kernel keeps for it;
/// tasks and owners are not filled in. NotFound without a memory controller. What else cannot be read is told
/// to `problems`.
Result<CgroupTree> read_memcg_tree(const Kernel& kernel, ProblemCollector& problems);

/// mem_cgroup_get_max(): what oom_score_adj is a share of in an OOM of that group; nothing without a limit.
std::optional<std::uint64_t> memcg_total_pages(const CgroupTree& tree, const CgroupNode& group,
                                               std::uint64_t total_swap_pages);

}  // namespace postmortem
