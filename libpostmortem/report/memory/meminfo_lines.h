// The lines of /proc/meminfo, by the crashed kernel's own rules (fs/proc/meminfo.c).
#pragma once

#include <vector>

#include <postmortem/memory_picture.h>

#include "base/problem_collector.h"
#include "kernel/mm/hugetlb.h"
#include "kernel/kernel.h"
#include "kernel/mm/swap_areas.h"
#include "kernel/mm/vm_counters.h"
#include "kernel/mm/zones.h"

namespace postmortem {

/// What has been read already, for the lines that want it.
struct MeminfoSources {
    const VmCounters& counters;
    const ZoneTable& zones;
    const SwapState& swap;
    const std::vector<HugePagePool>& huge_pages;
};

/// A line whose value cannot be had is left out and told in `problems`; one that this kernel does not have is
/// just left out.
std::vector<MeminfoLine> make_meminfo_lines(const Kernel& kernel, const MeminfoSources& sources,
                                            ProblemCollector& problems);

/// vm_commit_limit() in pages (mm/util.c).
Result<std::uint64_t> commit_limit(const Kernel& kernel, const MeminfoSources& sources);

}  // namespace postmortem
