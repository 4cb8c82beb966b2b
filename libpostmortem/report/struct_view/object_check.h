// Whether an address is that of an object of a type, as far as the slab allocator knows.
#pragma once

#include <optional>
#include <string_view>

#include "kernel/kernel.h"
#include "kernel/mm/slab_objects.h"

namespace postmortem {

class ObjectCheck {
  public:
    ObjectCheck(const Kernel& kernel, std::string_view struct_name);

    /// Why it is none. Nothing where it is one, or where nobody can tell: the struct has no cache of its own.
    std::optional<Error> why_not(std::uint64_t address) const;

  private:
    const Kernel& kernel_;
    std::string name_;
    bool has_cache_ = false;
    std::optional<SlabObjects> objects_;
};

}  // namespace postmortem
