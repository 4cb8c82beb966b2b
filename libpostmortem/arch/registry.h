// The architectures that are understood.
#pragma once

#include "arch/arch.h"

namespace postmortem {

/// The dump's architecture, by ELF's number or by what VMCOREINFO gives away. Errors: Unsupported.
Result<const Arch*> find_arch(const DumpFile& dump, const VmcoreInfo& info);

}  // namespace postmortem
