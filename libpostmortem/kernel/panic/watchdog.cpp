#include "kernel/panic/watchdog.h"

#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "kernel/cpus.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

// include/linux/nmi.h: the bits of watchdog_enabled.
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

}  // namespace

Result<WatchdogState> read_watchdog(const Kernel& kernel, std::uint64_t now_ns, ProblemCollector& problems) {
    const auto enabled = kernel.word("watchdog_enabled");
    if (!enabled) return fail(enabled.error());
    WatchdogState state;
    state.soft_enabled = (*enabled & soft_bit) != 0;
    state.hard_enabled = (*enabled & hard_bit) != 0;
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
