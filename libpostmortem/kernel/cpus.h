// The CPUs that the kernel knew of (kernel/cpu.c), and what kind they were (arch/x86/kernel/cpu/).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// The CPUs in a mask, "possible", "present" or "online", ascending.
Result<std::vector<std::uint32_t>> read_cpu_mask(const Kernel& kernel, std::string_view mask);

/// Clock rate of the boot CPU in kHz. NotFound on architectures that keep none.
Result<std::uint32_t> read_cpu_khz(const Kernel& kernel);

/// "Intel(R) Xeon(R) …", of the boot CPU.
Result<std::string> read_cpu_model(const Kernel& kernel);

}  // namespace postmortem
