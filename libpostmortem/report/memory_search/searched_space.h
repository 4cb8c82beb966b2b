// Which addresses a search covers, as crash divides them: the direct map and the kernel's image, which are
// mapped linearly; what vmalloc() and modules have, and the page structs; what a task maps; stacks.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <postmortem/memory_search.h>

#include "kernel/kernel.h"

namespace postmortem {

// Addresses that follow one another, the last one included.
struct SearchedRange {
    std::uint64_t first = 0, last = 0;
    std::optional<TaskMention> task = std::nullopt;  ///< whose stack it is
};

struct SearchedSpace {
    std::vector<SearchedRange> ranges;           ///< ascending and apart; of stacks task by task
    std::unique_ptr<AddressSpace> user;          ///< a task's, where that is searched
    std::optional<LinearRange> direct_map;       ///< where physical memory is mapped, if that is searched
    std::optional<std::uint64_t> rounded_start;  ///< as in MemorySearch
    std::uint64_t machine_bytes = 0;             ///< of physical memory, as the dump claims
    Problems problems;
};

Result<SearchedSpace> searched_space(const Kernel& kernel, const MemorySearchRequest& request);

}  // namespace postmortem
