// The block of the buddy allocator that a page is in.
#pragma once

#include <optional>

#include <postmortem/kernel_memory.h>

#include "base/problem_collector.h"
#include "kernel/mm/page_structs.h"

namespace postmortem {

/// By the lists of the zone that the frame lies in: nothing where it is on none.
std::optional<FreeBlock> free_block_of(const Kernel& kernel, const PageStructs& pages, std::uint64_t frame,
                                       ProblemCollector& problems);

}  // namespace postmortem
