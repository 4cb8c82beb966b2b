// Settings that decide what happens when memory runs out: /proc/sys/vm
// (Documentation/admin-guide/sysctl/vm.rst), and the memory kept for the capture kernel
// (kernel/crash_core.c).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct MemorySetting {
    std::string name;  ///< as under /proc/sys/vm: "overcommit_memory"
    std::int64_t value = 0;
};

struct MemorySettings {
    std::vector<MemorySetting> all;
    Problems problems;

    std::optional<std::int64_t> find(std::string_view name) const;
};

/// Those that this kernel has.
MemorySettings read_memory_settings(const Kernel& kernel);

struct CrashReservation {
    std::uint64_t bytes = 0;      ///< /sys/kernel/kexec_crash_size; 0 where crashkernel= reserved nothing
    std::uint64_t low_bytes = 0;  ///< the part below 4 GiB that goes with a reservation above
    bool loaded = false;          ///< a capture kernel lay there
};

/// NotFound on kernels without kexec.
Result<CrashReservation> read_crash_reservation(const Kernel& kernel);

/// What RHEL's and Fedora's kdump reserve by default on a machine of that size (kdump-utils,
/// kdump_get_arch_recommend_crashkernel, x86_64: 1G-4G:192M,4G-64G:256M,64G-:512M), the
/// size rounded up to 128 MiB as the kernel does for such ranges; 0 below 1 GiB.
std::uint64_t recommended_crash_reservation(std::uint64_t machine_bytes);

}  // namespace postmortem
