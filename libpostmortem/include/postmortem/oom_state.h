// The memory of a dump in the terms of an OOM, whether or not the log tells of one: what was short, who held
// it, whom the OOM killer would take next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postmortem/cgroup_tree.h>
#include <postmortem/memory_picture.h>
#include <postmortem/oom.h>
#include <postmortem/oom_tasks.h>
#include <postmortem/problem.h>

namespace postmortem {

struct OomState {
    MemoryPicture memory;
    std::optional<OomTable> processes;
    std::optional<CgroupTree> cgroups;
    /// Why there are none: NotFound where the kernel had no memory controller (then it is no problem).
    std::optional<Error> cgroups_missing;
    /// Zones, counters and processes as a report printed at the crash would have shown them.
    OomEvent scene;
    OomVerdict verdict;
    Problems problems;  ///< those of all parts
};

}  // namespace postmortem
