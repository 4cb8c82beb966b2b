// Which struct page speaks for a compound page (include/linux/page-flags.h).
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/kernel.h"
#include "object/field.h"

namespace postmortem {

class CompoundPages {
  public:
    /// Errors: those of the type finder.
    static Result<CompoundPages> find(const Kernel& kernel);
    /// Itself, where it is no tail.
    Result<std::uint64_t> head_of(std::uint64_t page) const;

  private:
    explicit CompoundPages(const Kernel& kernel) : memory_(&kernel.memory()) {}

    const AddressSpace* memory_;
    Field head_;
    Field flags_;                  ///< before the pointer said whether it is one
    std::uint64_t tail_bits_ = 0;  ///< all of them are set in a tail's flags
};

}  // namespace postmortem
