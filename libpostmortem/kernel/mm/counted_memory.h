// What the counters of mm/vmstat.c mean: some changed their unit, or what they include, with their name.
#pragma once

#include "kernel/kernel.h"
#include "kernel/mm/vm_counters.h"

namespace postmortem {

/// Anonymous pages that processes have mapped, huge ones included: "AnonPages" of /proc/meminfo.
Result<std::uint64_t> mapped_anonymous_pages(const Kernel& kernel, const VmCounters& counters);

/// Bytes in kernel stacks: "KernelStack".
Result<std::uint64_t> kernel_stack_bytes(const Kernel& kernel, const VmCounters& counters);

}  // namespace postmortem
