// How the crashed kernel's virtual addresses become physical ones, by its architecture's rules.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"
#include "symbols/symbol_table.h"

namespace postmortem {

/// The kernel's own address space; AddressSpace::no_tables() tells where page tables cannot be followed and
/// the kernel is seen all the same, where it maps itself linearly. Errors: why they cannot, where it is not;
/// MissingDebugInfo where VMCOREINFO lacks what the architecture needs. `physical` must outlive the result.
Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const Arch& arch, const PhysicalMemory& physical,
                                                         const VmcoreInfo& info);

/// Tells `memory` where the kernel maps all physical memory, as far as `symbols` give it away: data whose
/// page tables are lost can be read all the same.
void learn_direct_map(const Arch& arch, const AddressSpace& memory, const VmcoreInfo& info,
                      const SymbolTable& symbols);

/// Tells `memory` which bits of a pointer are no part of an address, where this kernel tags its pointers.
void learn_tags(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols);

}  // namespace postmortem
