// Until when the machine counts as alive: what stood still while it died, and wrote that to a slow console,
// stood still because of that.
#pragma once

#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

/// The scheduler's clock in ns: as it was when the dying began, by the log's last event, else as it is.
Result<std::uint64_t> clock_before_death(const Kernel& kernel);

}  // namespace postmortem
