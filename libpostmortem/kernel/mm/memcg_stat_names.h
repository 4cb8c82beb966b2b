// The lines of memory.stat by name, and which of a control group's numbers each of them shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct MemcgStatName {
    std::string word;
    std::uint64_t number = 0;  ///< of enum memcg_stat_item, node_stat_item or mem_cgroup_stat_index
    std::int64_t unit = 1;     ///< bytes that it counts in, or 1
};

/// From the kernel's own table since 5.10, before by the enumerators that its code shows.
Result<std::vector<MemcgStatName>> read_memcg_stat_names(const Kernel& kernel);

}  // namespace postmortem
