// The sysctls that decide what makes the kernel panic, as they stood when it died.
#pragma once

#include <vector>

#include <postmortem/panic.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {

/// Those that this kernel has, in a fixed order.
std::vector<PanicSetting> read_panic_settings(const Kernel& kernel, ProblemCollector& problems);

}  // namespace postmortem
