// Memory behind per-CPU variables (mm/percpu.c).
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

struct PercpuPool {
    std::uint64_t pages = 0;  ///< the "Percpu" line of /proc/meminfo
    /// Of those, what was set aside at boot, before there was a page allocator: outside MemTotal.
    Result<std::uint64_t> boot_pages = 0;
};

Result<PercpuPool> read_percpu_pool(const Kernel& kernel);

}  // namespace postmortem
