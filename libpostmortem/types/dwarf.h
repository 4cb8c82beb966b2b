// Types from a vmlinux's DWARF, for kernels without BTF. Never walks the whole .debug_info: the compile units
// that hold complete definitions of what is wanted are found by name first.
#pragma once

#include <memory>

#include "symbols/vmlinux.h"
#include "types/type_finder.h"

namespace postmortem {

/// Errors: MissingDebugInfo where the file has no DWARF; Corrupt. `vmlinux` must outlive the finder.
Result<std::unique_ptr<TypeFinder>> open_dwarf(const Vmlinux& vmlinux);

}  // namespace postmortem
