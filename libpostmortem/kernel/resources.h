// Who has which I/O ports and which physical addresses: the trees of struct resource (include/linux/ioport.h,
// kernel/resource.c), as /proc/ioports and /proc/iomem show them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct Resource {
    std::uint64_t address = 0;        ///< of its struct resource
    std::uint64_t start = 0, end = 0;  ///< the last one included
    std::string name;                 ///< untrusted; empty: it has none
    std::uint32_t depth = 0;          ///< 0: of the root itself
};

struct ResourceTree {
    std::vector<Resource> resources;  ///< each one in front of what lies within it
    Problems problems;                ///< where there are any, these are not all
};

/// `root` is a symbol: `ioport_resource`, `iomem_resource`.
ResourceTree read_resources(const Kernel& kernel, std::string_view root);

}  // namespace postmortem
