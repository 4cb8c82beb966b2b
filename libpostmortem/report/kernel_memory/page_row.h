// A struct page as `kmem -p` and `vtop` show it.
#pragma once

#include <string>

#include <postmortem/kernel_memory.h>

#include "kernel/kernel.h"
#include "kernel/mm/page_structs.h"

namespace postmortem {

/// Of the page at a physical address. The memory's error where it cannot be read.
Result<PageRow> page_row(const Kernel& kernel, const PageStructs& pages, std::uint64_t physical);

}  // namespace postmortem
