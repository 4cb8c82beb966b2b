// What entries of page tables say, with the swap areas that they may name.
#pragma once

#include <postmortem/translation.h>

#include "kernel/kernel.h"
#include "kernel/mm/swapped_pages.h"

namespace postmortem {

class EntryReader {
  public:
    explicit EntryReader(const Kernel& kernel) : kernel_(kernel), swapped_(kernel) {}

    EntryContents read(std::uint64_t entry, const SwappedPages::Others& others = {});
    /// Why no swap area is known, if that was asked.
    Problems take_problems() { return swapped_.take_problems(); }

  private:
    const Kernel& kernel_;
    SwappedPages swapped_;
};

}  // namespace postmortem
