// From 3.8 to 5.8 each control group had slab caches of its own beside those of the machine
// (2633d7a02823, 9855609bde03); /proc/slabinfo shows them as one.
#pragma once

#include "kernel/mm/slab_caches.h"

namespace postmortem {

/// Adds what control groups' own caches hold to the caches that they were made from. What cannot be told
/// stays as it is, and is told.
void fold_into_roots(const Kernel& kernel, SlabCacheList& list);

}  // namespace postmortem
