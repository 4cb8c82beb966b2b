// The CPUs that the kernel knew of (kernel/cpu.c), and what kind they were.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// The CPUs in a mask, "possible", "present" or "online", ascending.
Result<std::vector<std::uint32_t>> read_cpu_mask(const Kernel& kernel, std::string_view mask);

/// The CPUs that had tasks to run, ascending: those in the scheduler's mask, and those online. A CPU that
/// never came up or was taken down is in neither; one that panic() stopped is no longer online
/// (stop_this_cpu(), arch/x86).
Result<std::vector<std::uint32_t>> read_running_cpus(const Kernel& kernel);

/// Clock rate of the boot CPU in kHz. NotFound on architectures that keep none.
Result<std::uint32_t> read_cpu_khz(const Kernel& kernel);

/// "Intel(R) Xeon(R) …", of the boot CPU. NotFound on architectures that keep none.
Result<std::string> read_cpu_model(const Kernel& kernel);

}  // namespace postmortem
