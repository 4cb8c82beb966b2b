// What time it was: timekeeping (kernel/time/timekeeping.c), jiffies, and the load average (kernel/sched/).
#pragma once

#include <array>
#include <cstdint>

#include "kernel/kernel.h"

namespace postmortem {

/// The timekeeper as its last update left it, at most a tick before the crash stopped all clocks.
struct Clock {
    std::int64_t real_seconds = 0;  ///< CLOCK_REALTIME: since 1970
    std::uint32_t real_ns = 0;
    std::uint64_t boottime_ns = 0;   ///< CLOCK_BOOTTIME: since boot, suspended time included
    std::uint64_t monotonic_ns = 0;  ///< CLOCK_MONOTONIC: since boot, suspended time left out
};

Result<Clock> read_clock(const Kernel& kernel);

/// CONFIG_HZ: timer ticks per second. No variable holds it; it follows from the length of a tick.
Result<std::uint32_t> ticks_per_second(const Kernel& kernel);

/// Ticks since boot: jiffies_64 less the value that it starts with.
Result<std::uint64_t> ticks_since_boot(const Kernel& kernel, std::uint32_t hz);

/// Since boot in ns, suspended time left out: by jiffies, as crash counts; by the monotonic clock where ticks
/// were lost, so that the two are more than a second apart (s390x begins to tick late, a busy hypervisor
/// swallows ticks).
Result<std::uint64_t> time_since_boot(const Kernel& kernel);

/// The scheduler's clock in ns since boot: the latest that any runqueue was updated to, at most a tick before
/// the crash. What task->sched_info and the watchdogs measure by.
Result<std::uint64_t> scheduler_clock(const Kernel& kernel);

/// avenrun: over 1, 5 and 15 minutes.
Result<std::array<double, 3>> read_load_average(const Kernel& kernel);

}  // namespace postmortem
