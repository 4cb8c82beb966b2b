// Where a ppc64 kernel that uses a hash mapped its page structs: a list is all that tells
// (arch/powerpc/mm/init_64.c).
#pragma once

#include <vector>

#include "dump/vmcoreinfo.h"
#include "memory/physical_memory.h"

namespace postmortem::ppc64 {

struct MappedPiece {
    std::uint64_t vaddr = 0, paddr = 0, bytes = 0;
};

/// Errors: MissingDebugInfo where VMCOREINFO does not tell where the list is or what it is made of.
Result<std::vector<MappedPiece>> mapped_page_structs(const PhysicalMemory& physical, const VmcoreInfo& info);

}  // namespace postmortem::ppc64
