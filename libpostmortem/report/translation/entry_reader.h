// What entries of page tables say, with the swap areas that they may name.
#pragma once

#include <map>
#include <string>

#include <postmortem/translation.h>

#include "kernel/kernel.h"

namespace postmortem {

class EntryReader {
  public:
    explicit EntryReader(const Kernel& kernel) : kernel_(kernel) {}

    EntryContents read(std::uint64_t entry);
    /// Why no swap area is known, if that was asked.
    Problems take_problems() { return std::move(problems_); }

  private:
    const Kernel& kernel_;
    bool swap_known_ = false;
    std::map<std::uint64_t, std::string> swap_files_;
    Problems problems_;
};

}  // namespace postmortem
