// The soft and hard lockup detectors (kernel/watchdog.c).
#pragma once

#include <postmortem/panic.h>

#include "base/problem_collector.h"
#include "kernel/kernel.h"

namespace postmortem {

/// `now_ns`: the scheduler's clock at the crash. NotFound where the kernel was built without the detectors.
Result<WatchdogState> read_watchdog(const Kernel& kernel, std::uint64_t now_ns, ProblemCollector& problems);

}  // namespace postmortem
