#include "kernel/mm/memory_settings.h"

#include <array>

#include "base/problem_collector.h"
#include "memory/words.h"

namespace postmortem {
namespace {

struct Rule {
    const char* name;
    const char* symbol;
    bool is_long;
};

constexpr std::array<Rule, 14> rules = {{
    {"overcommit_memory", "sysctl_overcommit_memory", false},
    {"overcommit_ratio", "sysctl_overcommit_ratio", false},
    {"overcommit_kbytes", "sysctl_overcommit_kbytes", true},
    {"swappiness", "vm_swappiness", false},
    {"min_free_kbytes", "min_free_kbytes", false},
    {"watermark_scale_factor", "watermark_scale_factor", false},
    {"watermark_boost_factor", "watermark_boost_factor", false},
    {"panic_on_oom", "sysctl_panic_on_oom", false},
    {"oom_kill_allocating_task", "sysctl_oom_kill_allocating_task", false},
    {"oom_dump_tasks", "sysctl_oom_dump_tasks", false},
    {"admin_reserve_kbytes", "sysctl_admin_reserve_kbytes", true},
    {"user_reserve_kbytes", "sysctl_user_reserve_kbytes", true},
    {"vfs_cache_pressure", "sysctl_vfs_cache_pressure", false},
    {"zone_reclaim_mode", "node_reclaim_mode", false},
}};

Result<std::int64_t> read(const Kernel& kernel, const Rule& rule) {
    const auto place = kernel.symbol(rule.symbol);
    if (!place) return fail(place.error());
    if (rule.is_long) return signed_word(kernel.memory(), *place);
    return kernel.memory().get<std::int32_t>(*place).map(
        [](std::int32_t number) { return std::int64_t{number}; });
}

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
    for (const Rule& rule : rules) {
        const auto value = read(kernel, rule);
        if (value)
            settings.all.push_back({rule.name, *value});
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
