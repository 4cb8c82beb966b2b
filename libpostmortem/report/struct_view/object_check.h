// Whether an address is that of an object of a type, as far as the slab allocator knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kernel/kernel.h"
#include "kernel/mm/slab_objects.h"

namespace postmortem {

class ObjectCheck {
  public:
    ObjectCheck(const Kernel& kernel, std::string_view struct_name);

    /// What speaks against it. Nothing where the address is that of one, or where nobody can tell: the struct
    /// has no cache of its own.
    std::optional<Error> doubt(std::uint64_t address) const;

  private:
    const Kernel& kernel_;
    std::string name_;
    std::optional<SlabObjects> objects_;
};

}  // namespace postmortem
