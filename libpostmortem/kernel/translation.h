// How the crashed kernel's virtual addresses become physical ones: fills the architecture's translation
// parameters from VMCOREINFO.
#pragma once

#include <memory>

#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// The kernel's own address space. Errors: Unsupported architecture; MissingDebugInfo where VMCOREINFO lacks
/// what the architecture needs. `physical` must outlive the result.
Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const PhysicalMemory& physical,
                                                         const VmcoreInfo& info);

/// Tells `memory` where the kernel maps all physical memory, as far as `symbols` give it away: data whose
/// page tables are lost can be read all the same.
void learn_direct_map(const AddressSpace& memory, const SymbolTable& symbols);

}  // namespace postmortem
