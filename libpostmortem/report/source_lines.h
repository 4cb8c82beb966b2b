// Adds source files, lines and inlined functions to backtraces, from a vmlinux's DWARF.
#pragma once

#include <vector>

#include <postmortem/backtrace.h>

#include "kernel/kernel.h"

namespace postmortem {

/// Errors: those of finding and opening the vmlinux. A frame without line information (a module's,
/// assembly's) stays as it is.
Result<void> add_source_lines(const Kernel& kernel, std::vector<Backtrace>& backtraces);

}  // namespace postmortem
