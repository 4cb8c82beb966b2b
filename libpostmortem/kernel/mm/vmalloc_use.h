// How much of the vmalloc space is taken, as kernels until 4.3 add it up for /proc/meminfo:
// get_vmalloc_info() in mm/vmalloc.c, until 3.9 in fs/proc/mmu.c (db3808c1bac6).
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

struct VmallocUse {
    std::uint64_t used_bytes = 0;     ///< of address space, guard pages included
    std::uint64_t largest_chunk = 0;  ///< bytes between two areas, at most
};

/// Unsupported where the architecture does not tell where that space begins.
Result<VmallocUse> read_vmalloc_use(const Kernel& kernel);

}  // namespace postmortem
