// A slab cache as crash prints it.
#pragma once

#include <string>

#include <postmortem/kernel_memory.h>

namespace postmortem {

inline constexpr const char* slab_cache_heading =
    "CACHE             OBJSIZE  ALLOCATED     TOTAL  SLABS  SSIZE  NAME\n";
std::string slab_cache_line(const SlabCacheRow& row);

}  // namespace postmortem
