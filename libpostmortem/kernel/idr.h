// Tables of ids (include/linux/idr.h): an xarray or radix tree since 4.11 (0a835c4f090a), layers of pointers
// before.
#pragma once

#include <cstdint>
#include <functional>

#include "object/object.h"

namespace postmortem {

/// Calls `visit(id, entry)` for each entry of a struct idr, in the order of the ids, until it returns false.
/// What cannot be read costs its own entries: `broken` is told, and the walk goes on.
void for_each_idr_entry(const Object& idr,
                        const std::function<bool(std::uint64_t id, std::uint64_t entry)>& visit,
                        const std::function<void(Error)>& broken);

}  // namespace postmortem
