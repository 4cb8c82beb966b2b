#include "report/cgroups/cgroup_tree.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include <postmortem/cgroup.h>

#include "kernel/mm/memcg.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

std::optional<std::int64_t> CgroupNode::stat(std::string_view name) const {
    const auto at =
        std::find_if(stats.begin(), stats.end(), [&](const CgroupStat& stat) { return stat.name == name; });
    return at == stats.end() ? std::nullopt : std::optional(at->value);
}

const CgroupNode* CgroupTree::find(std::string_view path) const {
    if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    const CgroupNode* found = nullptr;
    for (const CgroupNode& group : groups) {
        if (group.path == path) return &group;
        const bool same_end = !path.starts_with('/') && group.path.ends_with(path) &&
                              group.path.substr(0, group.path.size() - path.size()).ends_with('/');
        if (!same_end) continue;
        if (found) return nullptr;
        found = &group;
    }
    return found;
}

Result<CgroupTree> make_cgroup_tree(const Kernel& kernel) {
    ProblemCollector problems;
    auto tree = read_memcg_tree(kernel, problems);
    if (!tree) return tree;
    std::unordered_map<std::uint64_t, std::size_t> index_of;
    for (std::size_t i = 0; i < tree->groups.size(); ++i) {
        index_of.emplace(tree->groups[i].memcg, i);
        tree->groups[i].owner = name_cgroup(tree->groups[i].path).description();
    }

    const TaskTable tasks = read_tasks(kernel);
    problems.add_all(tasks.problems);
    TaskCgroups memberships(kernel);
    for (const Task& task : tasks.tasks) {
        if (task.is_idle()) continue;
        const auto membership = memberships.of(task.address);
        if (!membership) {
            problems.add("the control group", fmt::format("of task {}", task.pid), membership.error());
            continue;
        }
        const auto at = index_of.find((*membership)->memcg);
        if (at == index_of.end()) {
            problems.add({ErrorCode::Corrupt,
                          fmt::format("task {} is in a control group that is not in the tree", task.pid)});
            continue;
        }
        CgroupNode& group = tree->groups[at->second];
        ++group.tasks;
        if (task.is_group_leader()) group.pids.push_back(task.pid);
    }
    for (std::size_t i = tree->groups.size(); i-- > 0;) {
        CgroupNode& group = tree->groups[i];
        group.tasks_below += group.tasks;
        if (group.parent) tree->groups[*group.parent].tasks_below += group.tasks_below;
    }
    tree->problems = problems.take();
    return tree;
}

}  // namespace postmortem
