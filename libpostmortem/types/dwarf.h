// Types from a vmlinux's DWARF (versions 2 to 5), for kernels without BTF.
#pragma once

#include <memory>

#include "symbols/vmlinux.h"
#include "types/type_finder.h"

namespace postmortem {

/// Opens at no cost; the first name that is asked for costs a pass over all of .debug_info. Errors:
/// MissingDebugInfo where the file has no DWARF; Corrupt. `vmlinux` must outlive the finder.
Result<std::unique_ptr<TypeFinder>> open_dwarf(const Vmlinux& vmlinux);

}  // namespace postmortem
