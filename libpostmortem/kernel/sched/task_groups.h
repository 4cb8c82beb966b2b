// Task groups (kernel/sched/core.c, CONFIG_CGROUP_SCHED): control groups and autogroups, each with a queue of
// its own on each CPU.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct TaskGroup {
    std::uint64_t address = 0;
    std::vector<std::size_t> children;  ///< in the kernel's order: the youngest first
};

class TaskGroups {
  public:
    /// Reads the tree. Borrows the kernel.
    explicit TaskGroups(const Kernel& kernel);

    /// The root comes first; empty where the kernel has no task groups.
    const std::vector<TaskGroup>& all() const { return groups_; }
    std::optional<std::size_t> index_of(std::uint64_t address) const;
    /// Why there are none, or not all.
    const Problems& problems() const { return problems_; }
    /// root_task_group, or what it was called until 2.6.38 (07e06b011ddb): init_task_group.
    bool has_old_name() const { return has_old_name_; }

    /// `queues` is "cfs_rq" or "rt_rq": whether each group has such queues.
    bool have(std::string_view queues) const;
    /// Where the group's queue on a CPU lies.
    Result<std::uint64_t> queue_of(const TaskGroup& group, std::string_view queues, std::uint32_t cpu) const;

  private:
    void read_children(std::size_t parent, unsigned depth);
    bool add(std::uint64_t address);

    const Kernel& kernel_;
    std::vector<TaskGroup> groups_;
    std::unordered_map<std::uint64_t, std::size_t> index_;
    Problems problems_;
    bool has_old_name_ = false;
};

}  // namespace postmortem
