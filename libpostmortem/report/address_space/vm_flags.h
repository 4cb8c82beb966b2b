// The names of the flags of an area of user memory.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/kernel.h"

namespace postmortem {

/// "READ|EXEC"; bits without a name as a number.
Result<std::string> vm_flag_names(const Kernel& kernel, std::uint64_t flags);

}  // namespace postmortem
