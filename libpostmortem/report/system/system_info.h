// Makes the answer to `sys`.
#pragma once

#include <postmortem/kernel_log.h>
#include <postmortem/system_info.h>

#include "kernel/kernel.h"

namespace postmortem {

/// What the caller has at hand already; what is absent is read.
struct SystemInfoParts {
    const KernelLog* log = nullptr;
    std::optional<std::uint64_t> task_count;
};

SystemInfo make_system_info(const Kernel& kernel, const SystemInfoParts& parts = {});

}  // namespace postmortem
