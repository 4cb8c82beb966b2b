// Whether an address is that of an object of a type, as far as the slab allocator knows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    std::string name_, cache_;           ///< of the struct, and of its cache
    std::vector<std::string_view> kin_;  ///< parts of the names of other caches that hold such structs
    std::optional<SlabObjects> objects_;
};

/// The same of a struct that lies within others: nothing where the object at the address has one there, too.
std::optional<Error> doubt_of_member(const Kernel& kernel, std::string_view struct_name,
                                     std::uint64_t address);

}  // namespace postmortem
