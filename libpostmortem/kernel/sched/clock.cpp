#include "kernel/sched/clock.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "kernel/cpus.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;

// 6.17+ (timekeepers for auxiliary clocks): timekeeper_data[TIMEKEEPER_CORE]; 6.13–6.16: tk_core, a struct
// tk_data; 3.17–6.12: tk_core is of a type without a name, and shadow_timekeeper its copy; before:
// timekeeper.
Object find_timekeeper(const Kernel& kernel) {
    for (const char* symbol : {"timekeeper_data", "tk_core"}) {
        const Object data = kernel.variable(symbol, "tk_data");
        if (data.ok()) return data["timekeeper"];
    }
    for (const char* symbol : {"shadow_timekeeper", "timekeeper"}) {
        const Object timekeeper = kernel.variable(symbol, "timekeeper");
        if (timekeeper.ok()) return timekeeper;
    }
    const auto known = kernel.known_symbol({"timekeeper_data", "tk_core", "shadow_timekeeper", "timekeeper"});
    if (!known) return {kernel.memory(), kernel.types(), known.error()};
    // (tk_core without a name for its type does not begin with the timekeeper)
    const bool holds_more = *known == "timekeeper_data" || *known == "tk_core";
    return kernel.variable(*known, holds_more ? "tk_data" : "timekeeper");
}

}  // namespace

Result<Clock> read_clock(const Kernel& kernel) {
    const Object timekeeper = find_timekeeper(kernel);
    // 3.6+ (1e75fa8be9fb): seconds and shifted nanoseconds; before, the struct timespec "xtime".
    const bool by_timespec = timekeeper.has("xtime");
    const auto seconds = (by_timespec ? timekeeper["xtime"]["tv_sec"] : timekeeper["xtime_sec"]).u64();
    if (!seconds) return fail(seconds.error());
    // 3.17+ (d28ede83791d): the clocksource's part is a struct of its own.
    const Object base = timekeeper.has("tkr_mono") ? timekeeper["tkr_mono"] : timekeeper;
    const std::uint64_t shifted_ns = base["xtime_nsec"].u64_or(0), shift = base["shift"].u64_or(64);
    const std::uint64_t ns = by_timespec  ? timekeeper["xtime"]["tv_nsec"].u64_or(0) % ns_per_second
                             : shift < 64 ? (shifted_ns >> shift) % ns_per_second
                                          : 0;

    const auto to_monotonic = timekeeper["wall_to_monotonic"]["tv_sec"].i64(),
               to_monotonic_ns = timekeeper["wall_to_monotonic"]["tv_nsec"].i64(),
               suspended_ns = timekeeper["offs_boot"].i64();
    for (const auto* part : {&to_monotonic, &to_monotonic_ns, &suspended_ns})
        if (!*part) return fail(part->error());
    // Unsigned, so that garbage wraps instead of overflowing.
    const std::uint64_t monotonic = (*seconds + static_cast<std::uint64_t>(*to_monotonic)) * ns_per_second +
                                    ns + static_cast<std::uint64_t>(*to_monotonic_ns);
    return Clock{static_cast<std::int64_t>(*seconds), static_cast<std::uint32_t>(ns),
                 monotonic + static_cast<std::uint64_t>(*suspended_ns), monotonic};
}

namespace {

// A variable until 6.13; the clocksource "jiffies" has the same length as mult >> shift on every release.
Result<std::uint64_t> tick_length(const Kernel& kernel) {
    if (const auto variable = kernel.word("tick_nsec")) return *variable;
    const Object jiffies = kernel.variable("clocksource_jiffies", "clocksource");
    const auto mult = jiffies["mult"].u64(), shift = jiffies["shift"].u64();
    if (!mult) return mult;
    if (!shift) return shift;
    return *shift < 32 ? *mult >> *shift : 0;
}

// jiffies_64 starts five minutes before its low 32 bits wrap (INITIAL_JIFFIES): as far as it is from there by
// now, the uptime is from five minutes. Near to them every rate would do.
std::optional<std::uint32_t> rate_by_uptime(const Kernel& kernel) {
    constexpr std::array<std::uint32_t, 4> rates = {100, 250, 300, 1000};  // CONFIG_HZ, kernel/Kconfig.hz
    constexpr double five_minutes = 300, slack = 2, wrap = 4294967296.0;
    const auto clock = read_clock(kernel);
    const auto now = kernel.number<std::uint64_t>("jiffies_64");
    if (!clock || !now) return std::nullopt;
    const double seconds = static_cast<double>(clock->boottime_ns) / ns_per_second - five_minutes;
    std::optional<std::uint32_t> found;
    for (const std::uint32_t rate : rates) {
        const double apart = (static_cast<double>(*now) - wrap) / rate - seconds;
        if (apart > slack || apart < -slack) continue;
        if (found) return std::nullopt;
        found = rate;
    }
    return found;
}

}  // namespace

Result<std::uint32_t> ticks_per_second(const Kernel& kernel) {
    const auto tick_ns = tick_length(kernel);
    if (!tick_ns) {
        if (const auto rate = rate_by_uptime(kernel)) return *rate;
        return fail(tick_ns.error());
    }
    // CONFIG_HZ lies between 24 and 1200 on every architecture.
    if (*tick_ns < ns_per_second / 2000 || *tick_ns > ns_per_second / 10)
        return fail(ErrorCode::Corrupt, fmt::format("a timer tick of {} ns is implausible", *tick_ns));
    return static_cast<std::uint32_t>((ns_per_second + *tick_ns / 2) / *tick_ns);
}

Result<std::uint64_t> ticks_since_boot(const Kernel& kernel, std::uint32_t hz) {
    const auto now = kernel.number<std::uint64_t>("jiffies_64");
    if (!now) return now;
    // INITIAL_JIFFIES (include/linux/jiffies.h): five minutes before the low 32 bits wrap.
    const std::uint64_t start = static_cast<std::uint32_t>(0u - 300u * hz);
    if (*now < start)
        return fail(ErrorCode::Corrupt, fmt::format("jiffies_64 is {}, before its start", *now));
    return *now - start;
}

Result<std::uint64_t> time_since_boot(const Kernel& kernel) {
    const auto clock = read_clock(kernel);
    const auto hz = ticks_per_second(kernel);
    const auto ticks = hz ? ticks_since_boot(kernel, *hz) : fail(hz.error());
    if (!ticks && clock) return clock->monotonic_ns;
    if (!ticks) return ticks;
    const std::uint64_t by_ticks = *ticks * (ns_per_second / *hz);
    if (!clock) return by_ticks;
    const auto [least, most] = std::minmax(by_ticks, clock->monotonic_ns);
    return most - least > ns_per_second ? clock->monotonic_ns : by_ticks;
}

Result<std::uint64_t> scheduler_clock(const Kernel& kernel) {
    const auto cpus = read_running_cpus(kernel);
    if (!cpus) return fail(cpus.error());
    Result<std::uint64_t> latest = fail(ErrorCode::NotFound, "no CPU was running");
    for (const std::uint32_t cpu : *cpus) {
        auto clock = per_cpu_variable(kernel, "runqueues", "rq", cpu)["clock"].u64();
        if (!latest || (clock && *clock > *latest)) latest = std::move(clock);
    }
    return latest;
}

Result<std::array<double, 3>> read_load_average(const Kernel& kernel) {
    constexpr double fixed_one = 1 << 11;  // FIXED_1, include/linux/sched/loadavg.h
    const auto where = kernel.symbol("avenrun");
    if (!where) return fail(where.error());
    std::array<double, 3> averages;
    for (std::size_t i = 0; i < averages.size(); ++i) {
        const auto value = kernel.memory().word(*where + kernel.memory().word_size() * i);
        if (!value) return fail(value.error());
        averages[i] = static_cast<double>(*value) / fixed_one;
    }
    return averages;
}

}  // namespace postmortem
