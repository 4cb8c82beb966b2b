// uname(2) of the crashed kernel: init_uts_ns (include/linux/utsname.h).
#pragma once

#include "dump/dump_file.h"
#include "kernel/kernel.h"

namespace postmortem {

/// From memory; where that cannot be read, from the dump's header, if it carries one.
Result<Utsname> read_uts(const Kernel& kernel);

}  // namespace postmortem
