// Page tables of processes, all levels: mm_struct.pgtables_bytes (include/linux/mm.h) and the top level,
// which it does not count (arch/x86/mm/pgtable.c, pgd_alloc()).
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

/// Pages of all address spaces together. Shared ones count once. NotFound on kernels before 4.15.
Result<std::uint64_t> count_page_table_pages(const Kernel& kernel);

}  // namespace postmortem
