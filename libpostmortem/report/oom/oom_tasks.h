// Makes the table of processes that the OOM killer weighs, its choice, and the sums by name, user and group.
#pragma once

#include <postmortem/oom_tasks.h>

#include "kernel/kernel.h"

namespace postmortem {

/// Errors only where the request names what does not exist; what cannot be read is in the table's problems.
Result<OomTable> make_oom_table(const Kernel& kernel, const OomTableRequest& request = {});

}  // namespace postmortem
