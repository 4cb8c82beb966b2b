// Makes the answer to `log`.
#pragma once

#include <postmortem/kernel_log.h>

#include "kernel/kernel.h"

namespace postmortem {

/// Needs neither symbols nor types.
KernelLog make_kernel_log(const Kernel& kernel);

}  // namespace postmortem
