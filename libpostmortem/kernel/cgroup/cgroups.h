// Which control group a task is in, and what that group is called (kernel/cgroup/cgroup.c, fs/kernfs/dir.c,
// include/linux/cgroup-defs.h). Only the memory controller is looked at.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "kernel/kernel.h"
#include "object/field.h"

namespace postmortem {

/// Where the memory controller is mounted, so to speak.
struct MemoryController {
    std::uint64_t id = 0;          ///< memory_cgrp_id: its index in css_set.subsys
    bool v2 = false;               ///< it is part of the default hierarchy
    std::uint64_t root_memcg = 0;  ///< root_mem_cgroup
};

/// NotFound, and only then, where the kernel has no memory controller or was booted with
/// cgroup_disable=memory; the message says which.
Result<MemoryController> read_memory_controller(const Kernel& kernel);

/// Paths of struct cgroup, "/" for the root of its hierarchy, as /proc/PID/cgroup shows them in the initial
/// namespace. Remembers what it has read; for one thread. Borrows the kernel.
class CgroupPaths {
  public:
    explicit CgroupPaths(const Kernel& kernel);
    Result<std::string> of(std::uint64_t cgroup);

  private:
    Result<std::string> of_node(std::uint64_t node);
    Result<std::string> name_of(std::uint64_t node) const;

    const Kernel& kernel_;
    Field node_;           ///< in struct cgroup; absent where that is the node itself
    Field name_, dentry_;  ///< the name lies in the node, or in its dentry
    Field parent_;
    std::uint64_t text_offset_ = 0;  ///< of the text behind the pointer to the name
    std::optional<Error> missing_;
    std::unordered_map<std::uint64_t, std::string> paths_;  ///< by node
};

struct CgroupMembership {
    std::uint64_t memcg = 0;  ///< the struct mem_cgroup that is charged
    std::string memcg_path;
    std::string path;  ///< where the task is: on version 2 it may lie below the group that is charged
};

/// Remembers what it has read; for one thread. Borrows the kernel.
class TaskCgroups {
  public:
    explicit TaskCgroups(const Kernel& kernel);
    /// The pointer stays valid as long as this object.
    Result<const CgroupMembership*> of(std::uint64_t task);

  private:
    Result<CgroupMembership> read(std::uint64_t css_set);

    const Kernel& kernel_;
    Result<MemoryController> controller_;
    CgroupPaths paths_;
    Field css_set_of_task_, states_, default_cgroup_, cgroup_of_state_, state_of_memcg_;
    std::optional<Error> missing_;
    std::unordered_map<std::uint64_t, Result<CgroupMembership>> by_css_set_;
};

}  // namespace postmortem
