// The machine that the kernel found: firmware strings (drivers/firmware/dmi_scan.c) and the hypervisor below
// it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

using DmiStrings = std::vector<std::pair<std::string, std::string>>;

/// {"sys_vendor", "QEMU"} and so on, as under /sys/class/dmi/id, in the kernel's order; absent strings are
/// left out. NotFound on machines without DMI.
Result<DmiStrings> read_dmi(const Kernel& kernel);

/// "KVM", "VMware", …; "none" on bare hardware, "unknown" for a virtual machine of a kind that the kernel
/// does not know. NotFound where the kernel does not look.
Result<std::string> read_hypervisor(const Kernel& kernel);

}  // namespace postmortem
