// BTF knows the types of per-CPU variables alone; a vmlinux's DWARF those of all.
#pragma once

#include <functional>
#include <memory>

#include "symbols/vmlinux.h"
#include "types/type_finder.h"

namespace postmortem {

/// A vmlinux, which outlives the finder below. Called at most once.
using OpensVmlinux = std::function<Result<const Vmlinux*>()>;

/// Finds what `types` finds, under the same ids, and variables and functions that they lack in the DWARF of
/// the vmlinux. That is opened, at the cost of a pass over .debug_info, for the first such name; where it is
/// not to be had, such a name is not found. `types` must outlive the finder.
std::unique_ptr<TypeFinder> with_variables_of_vmlinux(const TypeFinder& types, OpensVmlinux opens);

}  // namespace postmortem
