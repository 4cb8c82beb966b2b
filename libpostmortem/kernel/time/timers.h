// What was to happen later: the timer wheels (kernel/time/timer.c) and high-resolution timers
// (kernel/time/hrtimer.c) of each CPU.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct WheelTimer {
    std::uint64_t address = 0;  ///< of its timer_list
    std::uint64_t expires = 0;  ///< jiffies
    std::uint64_t function = 0;
};

/// One wheel of a CPU.
struct TimerWheel {
    std::string name;                ///< "BASE_STD"; none where a CPU has but one
    std::uint64_t address = 0;       ///< of its timer_base, or tvec_base
    std::vector<WheelTimer> timers;  ///< by expiry
    bool is_tvec_of_hlists = false;  ///< as from 4.2 to 4.7
};

struct PreciseTimer {
    std::uint64_t address = 0;                   ///< of its hrtimer
    std::int64_t soft_expires = 0, expires = 0;  ///< ns of the clock
    std::uint64_t function = 0;
};

/// The timers of a CPU that go by one clock.
struct TimerClock {
    std::uint64_t address = 0;  ///< of its hrtimer_clock_base
    std::string name;           ///< of the function that tells the time: "ktime_get"
    std::int64_t offset = 0;    ///< ns ahead of the monotonic clock
    std::vector<PreciseTimer> timers;
};

struct CpuTimerClocks {
    std::uint64_t address = 0;  ///< of its hrtimer_cpu_base
    std::vector<TimerClock> clocks;
};

/// The error where a CPU has none; problems cost timers.
Result<std::vector<TimerWheel>> read_timer_wheels(const Kernel& kernel, std::uint32_t cpu,
                                                  Problems& problems);
Result<CpuTimerClocks> read_timer_clocks(const Kernel& kernel, std::uint32_t cpu, Problems& problems);

}  // namespace postmortem
