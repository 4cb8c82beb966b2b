// The answer to `timer`: what each CPU was to do later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct PendingTimer {
    std::uint64_t address = 0;            ///< of its timer_list or hrtimer
    std::int64_t expires = 0;             ///< jiffies, or ns of its clock
    std::int64_t soft_expires = 0;        ///< of an hrtimer: from then on it may
    std::optional<std::int64_t> in = {};  ///< from now on
    std::uint64_t function = 0;
    std::string function_name;  ///< empty where it has none
};

/// A wheel, or the hrtimers that go by one clock.
struct TimerQueue {
    std::string name;                      ///< "BASE_STD", or the function that tells the clock's time
    std::uint64_t address = 0;             ///< of its timer_base or hrtimer_clock_base
    std::optional<std::int64_t> now = {};  ///< what the clock says
    std::vector<PendingTimer> timers;
    bool is_tvec_of_hlists = false;  ///< from 4.2 to 4.7, which crash prints in a form of its own
};

struct CpuTimers {
    std::uint32_t cpu = 0;
    std::uint64_t address = 0;  ///< of its hrtimer_cpu_base
    std::vector<TimerQueue> queues;
};

struct PendingTimers {
    bool precise = false;  ///< hrtimers; else the wheels
    std::optional<std::uint64_t> jiffies;
    std::vector<CpuTimers> cpus;
    Problems problems;
};

struct TimerRequest {
    bool precise = false;             ///< -r
    std::vector<std::uint32_t> cpus;  ///< these alone
};

/// InvalidArgument where there is no such CPU.
POSTMORTEM_API Result<PendingTimers> pending_timers(const CrashDump& dump, const TimerRequest& request = {});
POSTMORTEM_API std::string to_text(const PendingTimers& timers);
POSTMORTEM_API std::string to_json(const PendingTimers& timers);
POSTMORTEM_API std::string to_ndjson(const PendingTimers& timers);

}  // namespace postmortem
