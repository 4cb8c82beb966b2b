// Pools of huge pages: hstates (mm/hugetlb.c).
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// Counts are in huge pages.
struct HugePagePool {
    std::uint64_t page_bytes = 0;
    std::uint64_t total = 0, free = 0, reserved = 0, surplus = 0;
    bool is_default = false;

    std::uint64_t bytes() const { return page_bytes * total; }
};

/// NotFound on kernels without hugetlb.
Result<std::vector<HugePagePool>> read_huge_page_pools(const Kernel& kernel);

}  // namespace postmortem
