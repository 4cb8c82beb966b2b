// The kernel's xarray and IDR (lib/xarray.c, include/linux/xarray.h, since 4.20) and the radix tree that they
// replaced (lib/radix-tree.c, include/linux/radix-tree.h; IDRs were built on it from 4.11 to 4.19).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "object/object.h"

namespace postmortem {

/// Calls `visit(index, entry)` for every entry that is a pointer or a value, in index order, until it returns
/// false. `array` is a struct xarray or radix_tree_root. A node that cannot be read, or that is none, costs
/// its own entries: `broken` is told, and the walk goes on.
void for_each_xarray_entry(const Object& array,
                           const std::function<bool(std::uint64_t index, std::uint64_t entry)>& visit,
                           const std::function<void(Error)>& broken);

/// By how many bits an index is shifted to name a slot of the uppermost node; none where there is no node.
std::optional<unsigned> top_shift_of_xarray(const Object& array);

}  // namespace postmortem
