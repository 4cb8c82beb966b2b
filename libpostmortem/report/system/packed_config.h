// The kernel's own configuration (IKCONFIG) as it lies in memory.
#pragma once

#include <string>

#include "memory/address_space.h"

namespace postmortem {

/// What is packed at `address`, up to the mark behind it. Errors: Corrupt; the memory's own.
Result<std::string> unpacked_config(const AddressSpace& memory, std::uint64_t address);

}  // namespace postmortem
