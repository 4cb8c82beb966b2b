// What a row about a slab needs beside the slab itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <postmortem/kernel_memory.h>

#include "base/problem_collector.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/slab_objects.h"

namespace postmortem {

/// Those that are online; none, and a problem, where they cannot be read.
std::vector<MemoryNode> memory_nodes(const Kernel& kernel, ProblemCollector& problems);

/// The node of the memory at a kernel address.
std::optional<std::uint32_t> node_of(const Kernel& kernel, const std::vector<MemoryNode>& nodes,
                                     std::uint64_t address);

SlabObjectState object_state(const SlabObject& object);

/// As far as it can be told which of them are free.
Result<std::vector<SlabObjectState>> object_states(const SlabObjects& objects, const Slab& slab);

/// In use by whoever asked for them: what CPUs keep at hand, and what is in sheaves, is free.
std::uint32_t allocated_objects(const Slab& slab);

}  // namespace postmortem
