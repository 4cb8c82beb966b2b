// Slab caches and slabs as crash prints them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/kernel_memory.h>

namespace postmortem {

inline constexpr const char* slab_cache_heading =
    "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n";
std::string slab_cache_line(const SlabCacheRow& row);

struct SlabColumns {
    std::uint64_t slab = 0, memory = 0;
    std::optional<std::uint32_t> node;
    std::uint32_t total = 0, allocated = 0;
};
inline constexpr const char* slab_heading =
    "  SLAB              MEMORY            NODE  TOTAL  ALLOCATED  FREE\n";
std::string slab_row(const SlabColumns& slab);
/// A line for each, with this behind those that are free.
std::string slab_objects_text(const std::vector<SlabObjectState>& objects, const std::string& keeper);
/// What all that is free in a slab is said to be kept by; empty where it is no CPU's.
std::string keeper_of(const std::vector<SlabObjectState>& objects);

/// With the headings above and below it.
std::string slab_line(const SlabColumns& slab);

}  // namespace postmortem
