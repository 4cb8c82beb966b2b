// What both widths of x86 share: how the kernel words its exceptions, and where it keeps what it knows of the
// machine.
#pragma once

#include "arch/arch.h"

namespace postmortem::x86 {

/// arch/x86/kernel/traps.c, arch/x86/mm/fault.c. `interrupted_at` is what an oops prints before the place.
FaultWords fault_words(std::string_view interrupted_at);

/// arch/x86/kernel/cpu/, arch/x86/kernel/tsc.c.
extern const HardwareFacts hardware;

/// machine_kexec() loads the crash kernel, crash_nmi_callback() stops the other CPUs
/// (arch/x86/kernel/reboot.c).
extern const std::span<const char* const> resting_functions;

/// Where a gate leads: 8 bytes on i386, 16 on x86_64 (arch/x86/include/asm/desc_defs.h).
std::uint64_t gate_handler(Bytes gate, Endian endian);

/// Per-CPU: arch/x86/include/asm/current.h.
extern const std::span<const char* const> current_task_variables;

}  // namespace postmortem::x86
