// Zones and lists of free blocks as crash prints them.
#pragma once

#include <cstdint>
#include <string>

#include <postmortem/kernel_memory.h>

namespace postmortem {

/// With the heading above it.
std::string free_zone_text(const FreeZone& zone, std::uint32_t page_bytes);
/// The same; `address` as it was asked for.
std::string free_block_text(const FreeBlock& block, std::uint64_t address, std::uint32_t page_bytes);

}  // namespace postmortem
