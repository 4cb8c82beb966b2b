// The vmalloc space (mm/vmalloc.c): who took how much of it, as /proc/vmallocinfo lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "kernel/mm/vm_counters.h"

namespace postmortem {

struct VmallocArea {
    std::uint64_t address = 0;
    std::uint64_t bytes = 0;  ///< of address space, the guard page included
    std::uint64_t flags = 0;  ///< VM_*
    std::uint64_t pages = 0;  ///< of memory that belongs to the area; 0 for I/O memory and the like
    std::uint64_t caller = 0;
    std::uint64_t vm = 0;    ///< its vm_struct
    std::uint64_t area = 0;  ///< its vmap_area; 0 where structs are chained without one

    bool is_vmalloc() const { return (flags & 2) != 0; }  ///< VM_ALLOC: its pages count as VmallocUsed
};

struct VmallocAreas {
    std::vector<VmallocArea> areas;
    std::uint64_t nameless = 0;  ///< areas without a vm_struct: vm_map_ram, and ones that are going away
    Problems problems;
};

VmallocAreas read_vmalloc_areas(const Kernel& kernel);

/// Pages behind vmalloc(), kernel stacks included, as the kernel counts them: "VmallocUsed". NotFound
/// before 5.3.
Result<std::uint64_t> counted_vmalloc_pages(const Kernel& kernel, const VmCounters& counters);

/// The same, added up from the areas where the kernel has no such counter.
Result<std::uint64_t> vmalloc_pages(const Kernel& kernel, const VmCounters& counters);

/// Size of the vmalloc space in bytes: "VmallocTotal". Unsupported where the architecture's is not known.
Result<std::uint64_t> vmalloc_space(const Kernel& kernel);

}  // namespace postmortem
