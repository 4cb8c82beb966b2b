// Zones and lists of free blocks as crash prints them.
#pragma once

#include <cstdint>
#include <string>

#include <postmortem/kernel_memory.h>

namespace postmortem {

/// With the heading above it.
std::string free_zone_text(const FreeZone& zone, std::uint32_t page_bytes);
/// The same, of the block that an address lies in.
std::string free_block_text(const AddressView& view, std::uint32_t page_bytes);

}  // namespace postmortem
