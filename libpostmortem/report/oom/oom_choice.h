// Whom the OOM killer would take: select_bad_process(), oom_evaluate_task() and constrained_alloc() of
// mm/oom_kill.c, played on the state in the dump.
#pragma once

#include <postmortem/cgroup_tree.h>
#include <postmortem/oom_tasks.h>

#include "base/problem_collector.h"
#include "kernel/mm/oom_rule.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

struct OomScene {
    const Kernel& kernel;
    const TaskTable& tasks;
    const OomRule& rule;
    std::uint64_t total_pages = 0;  ///< memory and swap; 0 where unknown
    std::uint64_t swap_pages = 0;
    std::uint64_t page_size = 4096;
    const CgroupTree* cgroups = nullptr;  ///< null without a memory controller
    const CgroupNode* limit = nullptr;    ///< the group whose limit was hit; null for the whole machine
    const Task* allocating = nullptr;     ///< the thread whose allocation failed, where that is known
};

/// `processes` are in the kernel's own order: of equals the last one is chosen.
OomChoice choose_oom_victim(const OomScene& scene, const std::vector<OomProcess>& processes,
                            ProblemCollector& problems);

/// The badness of a process that has one, against another total.
std::int64_t oom_points(const OomScene& scene, const OomProcess& process, std::uint64_t total_pages);

/// Whether a task of a control group can be killed for the limit of another: `limit` or one that it counts.
bool is_charged_to(std::string_view path, const CgroupNode& limit);

/// Whether a path is a control group or lies below it.
bool is_below(std::string_view path, std::string_view group);

}  // namespace postmortem
