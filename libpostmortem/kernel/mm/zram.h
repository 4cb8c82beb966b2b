// Compressed block devices in memory (drivers/block/zram/zram_drv.c): what /sys/block/zramN/mm_stat says.
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

struct ZramState {
    std::uint64_t stored_pages = 0;
    std::uint64_t compressed_bytes = 0;
    std::uint64_t memory_pages = 0;
    std::uint64_t limit_pages = 0;
    std::uint64_t most_memory_pages = 0;
    std::uint64_t same_pages = 0, huge_pages = 0;
};

/// Of the zram device behind a struct block_device. NotFound where it is no zram device; MissingDebugInfo
/// where the modules' types are not there (before 5.11, or built without them).
Result<ZramState> read_zram(const Kernel& kernel, std::uint64_t block_device);

}  // namespace postmortem
