// Makes the tree of control groups: the kernel's numbers, the tasks in each group, and whom it belongs to.
#pragma once

#include <postmortem/cgroup_tree.h>

#include "kernel/kernel.h"

namespace postmortem {

/// NotFound where the kernel has no memory controller; what cannot be read is in the tree's problems.
Result<CgroupTree> make_cgroup_tree(const Kernel& kernel);

}  // namespace postmortem
