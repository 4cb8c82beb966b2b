// Makes the answer to `report`.
#pragma once

#include <postmortem/crash_report.h>

#include "kernel/kernel.h"

namespace postmortem {

/// Never fails as a whole: what cannot be had is told in the report's problems.
CrashReport make_crash_report(const Kernel& kernel);

}  // namespace postmortem
