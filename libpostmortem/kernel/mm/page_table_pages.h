// Page tables of processes: what the mm_struct counts (include/linux/mm.h), and the top level, which none
// does (arch/x86/mm/pgtable.c, pgd_alloc()).
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

struct PageTablePages {
    std::uint64_t pages = 0;
    bool all_levels =
        true;  ///< before 4.15 kernels count tables, since 4.0 middle directories, and nothing above
};

/// Of all address spaces together. Shared ones count once. NotFound where the kernel counts none.
Result<PageTablePages> count_page_table_pages(const Kernel& kernel);

}  // namespace postmortem
