// The caches of SLAB, the allocator before SLUB (mm/slab.c, until 6.7; RHEL 6 and SLES 11 run it).
#pragma once

#include "kernel/mm/slab_caches.h"

namespace postmortem {

/// Whether this kernel's caches are SLAB's.
bool has_slab_lists(const Kernel& kernel);

/// Every cache, counted as /proc/slabinfo counts them.
SlabCacheList read_slab_lists(const Kernel& kernel);

}  // namespace postmortem
