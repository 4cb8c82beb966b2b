// Where every page of MemTotal is: parts that do not overlap, and what is left over.
#pragma once

#include <postmortem/memory_picture.h>

#include "base/problem_collector.h"
#include "report/memory/meminfo_lines.h"

namespace postmortem {

/// Needs the zones.
std::optional<MemorySum> make_memory_sum(const Kernel& kernel, const VmCounterNames& names,
                                         const MeminfoSources& sources, ProblemCollector& problems);

}  // namespace postmortem
