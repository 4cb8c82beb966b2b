// The devices that a bus or a class holds: struct subsys_private, struct klist (drivers/base/base.h,
// lib/klist.c).
#pragma once

#include <cstdint>
#include <functional>

#include "kernel/kernel.h"
#include "object/object.h"

namespace postmortem {

enum class DeviceKlist { Bus, Class };

/// Calls `visit` with the address of each struct device on a klist, in its order, until it says false; one
/// whose address cannot be read is given to `lost` and passed over. `most` bounds the walk. Errors: what the
/// list's own links or the types lack.
Result<void> for_each_device(const Kernel& kernel, const Object& klist, DeviceKlist kind, std::size_t most,
                             const std::function<bool(std::uint64_t)>& visit,
                             const std::function<void(Error)>& lost);

}  // namespace postmortem
