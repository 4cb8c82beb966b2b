// Makes the answer to `runq`.
#pragma once

#include <cstdint>
#include <vector>

#include <postmortem/run_queues.h>

#include "kernel/kernel.h"

namespace postmortem {

/// Of these CPUs, or of all. InvalidArgument where there is no such CPU; what cannot be read is in the
/// answer's problems.
Result<RunQueues> make_run_queues(const Kernel& kernel, const std::vector<std::uint32_t>& cpus = {});

}  // namespace postmortem
