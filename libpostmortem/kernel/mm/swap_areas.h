// Swap areas (mm/swapfile.c) as /proc/swaps shows them, and what zswap keeps in memory before them
// (mm/zswap.c).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct SwapAreaState {
    std::uint64_t address = 0;  ///< of its swap_info_struct
    std::uint32_t number = 0;   ///< what page tables call it
    std::string path;
    std::optional<bool> is_device;  ///< a block device; else a file
    std::uint64_t pages = 0;
    std::uint64_t used_pages = 0;
    std::int64_t priority = 0;
    bool going_away = false;         ///< swapoff is at work
    std::uint64_t block_device = 0;  ///< address of its struct block_device
};

struct SwapTotals {
    std::uint64_t total_pages = 0;  ///< SwapTotal of /proc/meminfo
    std::uint64_t free_pages = 0;   ///< SwapFree
};

struct SwapState {
    std::vector<SwapAreaState> areas;  ///< in the kernel's order, that of /proc/swaps
    std::optional<SwapTotals> totals;
    Problems problems;
};

/// NotFound in `problems` on a kernel without swap.
SwapState read_swap(const Kernel& kernel);

/// Pages in the swap cache: kernels before 5.12 keep no counter of them.
Result<std::uint64_t> count_swap_cache(const Kernel& kernel);

struct ZswapState {
    std::uint64_t pool_bytes = 0;    ///< what the compressed copies take: "Zswap" of /proc/meminfo
    std::uint64_t stored_pages = 0;  ///< pages kept that way: "Zswapped"
    std::optional<bool> enabled;
};

/// NotFound where the kernel has no zswap.
Result<ZswapState> read_zswap(const Kernel& kernel);

}  // namespace postmortem
