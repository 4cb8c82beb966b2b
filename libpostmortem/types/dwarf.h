// Types from a vmlinux's DWARF (versions 2 to 5), for kernels without BTF. Never walks the whole .debug_info
// unless a name is nowhere else: the compile units that hold complete definitions of what is wanted are found
// by name first.
#pragma once

#include <memory>

#include "symbols/vmlinux.h"
#include "types/type_finder.h"

namespace postmortem {

/// Opens at no cost; each first use of a name costs one compile unit, mostly. Errors: MissingDebugInfo where
/// the file has no DWARF; Corrupt. `vmlinux` must outlive the finder.
Result<std::unique_ptr<TypeFinder>> open_dwarf(const Vmlinux& vmlinux);

}  // namespace postmortem
