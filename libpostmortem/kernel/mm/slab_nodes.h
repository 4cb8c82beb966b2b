// What SLUB keeps of a cache for each node of memory (struct kmem_cache_node in mm/slab.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct SlabNode {
    std::uint32_t id = 0;
    std::uint64_t address = 0;  ///< of its kmem_cache_node
    std::uint64_t slabs = 0;    ///< all of the cache on this node
    std::uint64_t partial_count = 0;
    std::vector<std::uint64_t> partial;              ///< struct slab, or struct page before 5.17
    std::optional<std::vector<std::uint64_t>> full;  ///< listed only for caches with SLAB_STORE_USER
};

/// Of the nodes that are online and have memory of the cache.
Result<std::vector<SlabNode>> read_slab_nodes(const Kernel& kernel, std::uint64_t cache);

}  // namespace postmortem
