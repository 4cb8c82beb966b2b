#include <postmortem/crash_dump.h>
#include <postmortem/log_text.h>

#include "kernel/sched/clock.h"

namespace postmortem {

// As crash has it: what the clock said last, less the whole seconds that the machine was up.
Result<void> learn_wall_clock(const CrashDump& dump, LogPrinting& how) {
    const Kernel& kernel = dump.kernel();
    const auto clock = read_clock(kernel);
    if (!clock) return fail(clock.error());
    const auto awake = time_since_boot(kernel);
    if (!awake) return fail(awake.error());
    constexpr std::uint64_t ns_per_second = 1'000'000'000;
    how.boot_time = clock->real_seconds - static_cast<std::int64_t>(*awake / ns_per_second);
    if (how.zone != LogZone::Dump) return {};
    const auto west = kernel.number<std::uint32_t>("sys_tz");  // struct timezone: tz_minuteswest first
    if (!west) return fail(west.error());
    constexpr std::int32_t most_minutes = 24 * 60;
    const auto minutes = static_cast<std::int32_t>(*west);
    if (minutes < -most_minutes || minutes > most_minutes)
        return fail(ErrorCode::Corrupt, "the kernel's time zone (sys_tz) is more than a day from Greenwich");
    how.zone_minutes = -minutes;
    return {};
}

}  // namespace postmortem
