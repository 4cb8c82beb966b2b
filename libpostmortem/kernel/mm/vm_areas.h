// The areas of a process's address space (struct vm_area_struct, include/linux/mm_types.h), as /proc/PID/maps
// lists them.
#pragma once

#include <cstdint>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct VmArea {
    std::uint64_t address = 0;  ///< of its vm_area_struct
    std::uint64_t start = 0, end = 0;
    std::uint64_t flags = 0;  ///< VM_*
    std::uint64_t file = 0;   ///< struct file; 0 where nothing is mapped
    std::uint64_t file_page = 0;
};

struct VmAreas {
    std::vector<VmArea> areas;  ///< ascending
    Problems problems;          ///< where there are any, these are not all
};

/// `mm` is the address of a struct mm_struct.
VmAreas read_vm_areas(const Kernel& kernel, std::uint64_t mm);

}  // namespace postmortem
