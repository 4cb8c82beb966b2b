#include "kernel/panic/watchdog.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "kernel/cpus.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

// include/linux/nmi.h: the bits of watchdog_enabled since 4.1 (84d56e66b9a4).
constexpr std::uint64_t hard_bit = 1u << 0;
constexpr std::uint64_t soft_bit = 1u << 1;

// get_timestamp() counts in 2^30 ns; all ones ask for a delay (SOFTLOCKUP_RESET, SOFTLOCKUP_DELAY_REPORT).
constexpr unsigned timestamp_shift = 30;
constexpr std::uint64_t told_to_look_away = std::numeric_limits<std::uint64_t>::max();

std::optional<double> silence(std::uint64_t timestamp, std::uint64_t now_ns) {
    if (timestamp == told_to_look_away || timestamp == 0 || timestamp > (now_ns >> timestamp_shift))
        return std::nullopt;
    return static_cast<double>(now_ns - (timestamp << timestamp_shift)) * 1e-9;
}

// What user space asked of each has a variable of its own ever since there are the bits.
bool has_bits(const Kernel& kernel) {
    constexpr const char* names[] = {"watchdog_softlockup_user_enabled", "watchdog_hardlockup_user_enabled",
                                     "soft_watchdog_user_enabled", "nmi_watchdog_user_enabled",
                                     "soft_watchdog_enabled"};
    return std::ranges::any_of(names, [&](const char* name) { return kernel.symbol(name).has_value(); });
}

struct Detectors {
    bool soft = false, hard = false;
};

// Before, one number is for both; the hard one is at work where a CPU has a counter for it.
Result<Detectors> read_detectors(const Kernel& kernel) {
    if (has_bits(kernel))
        return kernel.word("watchdog_enabled").map([](std::uint64_t bits) {
            return Detectors{(bits & soft_bit) != 0, (bits & hard_bit) != 0};
        });
    const auto enabled = kernel.number<std::uint32_t>("watchdog_enabled");
    if (!enabled) return fail(enabled.error());
    Detectors detectors{*enabled != 0, false};
    const auto cpus = read_running_cpus(kernel);
    if (!cpus || *enabled == 0) return detectors;
    for (const std::uint32_t cpu : *cpus) {
        const auto counter = per_cpu_address(kernel, "watchdog_ev", cpu);
        const auto event = counter ? kernel.memory().word(*counter) : fail(counter.error());
        if (event && *event != 0) detectors.hard = true;
        if (!event && event.error().code != ErrorCode::NotFound) return fail(event.error());
    }
    return detectors;
}

}  // namespace

Result<WatchdogState> read_watchdog(const Kernel& kernel, std::uint64_t now_ns, ProblemCollector& problems) {
    const auto detectors = read_detectors(kernel);
    if (!detectors) return fail(detectors.error());
    WatchdogState state;
    state.soft_enabled = detectors->soft;
    state.hard_enabled = detectors->hard;
    if (const auto threshold = kernel.number<std::uint32_t>("watchdog_thresh"))
        state.threshold_seconds = static_cast<std::int32_t>(*threshold);
    const auto cpus = read_running_cpus(kernel);
    if (!cpus || !state.soft_enabled) return state;
    for (const std::uint32_t cpu : *cpus) {
        const auto address = per_cpu_address(kernel, "watchdog_touch_ts", cpu);
        const auto timestamp = address ? kernel.memory().word(*address) : fail(address.error());
        if (!timestamp) {
            problems.add("the watchdog", fmt::format("of CPU {}", cpu), timestamp.error());
            continue;
        }
        state.cpus.push_back({cpu, silence(*timestamp, now_ns)});
    }
    return state;
}

}  // namespace postmortem
