// The architectures that are understood.
#pragma once

#include "arch/arch.h"
#include "arch/layout_clues.h"

namespace postmortem {

/// The dump's architecture, by ELF's number or by what VMCOREINFO gives away. Errors: Unsupported.
Result<const Arch*> find_arch(const DumpFile& dump, const VmcoreInfo& info);

/// The architecture of a file of that machine; null where it is not understood.
const Arch* arch_of(std::uint16_t elf_machine);

/// What is known of its kernels without types; none where nothing is.
const LayoutClues& layout_clues(const Arch& arch);

}  // namespace postmortem
