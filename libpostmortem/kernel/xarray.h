// The kernel's xarray, radix tree and IDR (lib/xarray.c, include/linux/xarray.h): the same nodes since 4.20.
#pragma once

#include <cstdint>
#include <functional>

#include "object/object.h"

namespace postmortem {

/// Calls `visit(index, entry)` for every entry that is a pointer or a value, in index order, until it returns
/// false. `array` is a struct xarray (or a radix_tree_root of the same layout). A node that cannot be read
/// costs its own entries: `broken` is told, and the walk goes on.
void for_each_xarray_entry(const Object& array,
                           const std::function<bool(std::uint64_t index, std::uint64_t entry)>& visit,
                           const std::function<void(Error)>& broken);

}  // namespace postmortem
