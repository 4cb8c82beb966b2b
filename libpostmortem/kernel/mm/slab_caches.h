// The slab allocator's caches as /proc/slabinfo counts them (get_slabinfo() in mm/slub.c and mm/slab.c).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct SlabCache {
    std::string name;
    std::uint64_t address = 0;      ///< of its kmem_cache
    std::uint64_t object_size = 0;  ///< bytes that its users asked for
    std::uint64_t size = 0;         ///< bytes from one object to the next
    std::uint64_t objects_per_slab = 0;
    std::uint64_t pages_per_slab = 0;
    std::uint64_t total_objects = 0;
    /// Those that partial slabs do not list as free: what a CPU keeps at hand counts as active.
    std::uint64_t active_objects = 0;
    std::uint64_t slabs = 0;
    std::uint64_t partial_slabs = 0;
    bool reclaimable = false;
    bool estimated = false;  ///< of very many partial slabs not all were looked at
    /// Free objects that CPUs and nodes keep in sheaves, counted as active above; 0 before 6.18.
    std::uint64_t objects_in_sheaves = 0;
};

struct SlabCacheList {
    std::vector<SlabCache> caches;  ///< in the kernel's order, that of /proc/slabinfo
    Problems problems;
};

/// Every cache of SLUB or SLAB; what control groups had of their own is counted with the cache it is of.
SlabCacheList read_slab_caches(const Kernel& kernel);

/// The same with those of control groups (before 5.9) as caches of their own: "dentry(22:limited)".
SlabCacheList read_each_slab_cache(const Kernel& kernel);

}  // namespace postmortem
