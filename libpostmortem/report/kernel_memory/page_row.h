// A struct page as `kmem -p` and `vtop` show it.
#pragma once

#include <string>

#include <postmortem/kernel_memory.h>

#include "kernel/kernel.h"
#include "kernel/mm/page_structs.h"

namespace postmortem {

/// Of the page at a physical address. The memory's error where it cannot be read.
Result<PageRow> page_row(const Kernel& kernel, const PageStructs& pages, std::uint64_t physical);

/// The same for whoever reads many. Borrows both.
class PageRowReader {
  public:
    PageRowReader(const Kernel& kernel, const PageStructs& pages);
    Result<PageRow> read(std::uint64_t physical) const;

  private:
    const Kernel& kernel_;
    const PageStructs& pages_;
    std::optional<Error> missing_;
    Field flags_, mapping_, index_, count_;
    std::vector<PageFlagRow> names_;
};

}  // namespace postmortem
