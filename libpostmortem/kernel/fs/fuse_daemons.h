// Who serves a FUSE file system: the processes that have its connection open as
// /dev/fuse (fs/fuse/dev.c, inode.c).
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

/// Task_structs of thread group leaders; none where nobody has it open any
/// more. NotFound where the module brought no types. `super_block`: of type
/// "fuse" or "fuseblk".
Result<std::vector<std::uint64_t>> find_fuse_daemons(const Kernel& kernel, const TaskTable& table,
                                                     std::uint64_t super_block);

}  // namespace postmortem
