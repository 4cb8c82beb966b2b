#include "kernel/mm/memory_settings.h"

#include <array>

#include "base/problem_collector.h"
#include "kernel/sysctl_files.h"

namespace postmortem {
namespace {

constexpr std::array<std::string_view, 14> variables = {
    "sysctl_overcommit_memory",
    "sysctl_overcommit_ratio",
    "sysctl_overcommit_kbytes",
    "vm_swappiness",
    "min_free_kbytes",
    "watermark_scale_factor",
    "watermark_boost_factor",
    "sysctl_panic_on_oom",
    "sysctl_oom_kill_allocating_task",
    "sysctl_oom_dump_tasks",
    "sysctl_admin_reserve_kbytes",
    "sysctl_user_reserve_kbytes",
    "sysctl_vfs_cache_pressure",
    "node_reclaim_mode",
};

Result<std::uint64_t> resource_size(const Kernel& kernel, std::string_view name) {
    const Object resource = kernel.variable(name, "resource");
    const auto start = resource["start"].u64(), end = resource["end"].u64();
    if (!start || !end) return fail(!start ? start.error() : end.error());
    if (*start == *end) return 0;
    if (*end < *start)
        return fail(ErrorCode::Corrupt, "a memory range ends before it starts", resource.address());
    return *end - *start + 1;
}

}  // namespace

std::optional<std::int64_t> MemorySettings::find(std::string_view name) const {
    for (const MemorySetting& setting : all)
        if (setting.name == name) return setting.value;
    return std::nullopt;
}

MemorySettings read_memory_settings(const Kernel& kernel) {
    MemorySettings settings;
    ProblemCollector problems;
    for (const std::string_view variable : variables) {
        const SysctlFile& file = *file_that_shows(variable);
        const auto value = read_sysctl(kernel, file);
        if (value)
            settings.all.push_back({std::string(file.file), *value});
        else if (value.error().code != ErrorCode::NotFound)
            problems.add("a memory setting", value.error());
    }
    if (settings.all.empty() && problems.empty())
        problems.add("the memory settings", Error(ErrorCode::NotFound, "no symbol of any is known"));
    settings.problems = problems.take();
    return settings;
}

Result<CrashReservation> read_crash_reservation(const Kernel& kernel) {
    CrashReservation reservation;
    const auto high = resource_size(kernel, "crashk_res");
    if (!high) return fail(high.error());
    reservation.bytes = *high;
    // One that was never asked for is not there on every architecture.
    reservation.low_bytes = resource_size(kernel, "crashk_low_res").value_or(0);
    reservation.loaded = kernel.word("kexec_crash_image").value_or(0) != 0;
    return reservation;
}

std::uint64_t recommended_crash_reservation(std::uint64_t machine_bytes) {
    constexpr std::uint64_t mib = 1ull << 20, gib = 1ull << 30;
    machine_bytes += (128 * mib - machine_bytes % (128 * mib)) % (128 * mib);
    if (machine_bytes >= 64 * gib) return 512 * mib;
    if (machine_bytes >= 4 * gib) return 256 * mib;
    if (machine_bytes >= gib) return 192 * mib;
    return 0;
}

}  // namespace postmortem
