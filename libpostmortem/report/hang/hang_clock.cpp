#include "report/hang/hang_clock.h"

#include <algorithm>

#include <postmortem/log_analysis.h>

#include "kernel/sched/clock.h"
#include "report/log/kernel_log.h"

namespace postmortem {
namespace {

constexpr double longest_death = 120;  // seconds

// The last event of the log, or the one that it only follows from.
std::optional<double> death_began(const LogAnalysis& analysis) {
    if (analysis.events.empty() || !(analysis.died || analysis.panicked)) return std::nullopt;
    const LogEvent* event = &analysis.events.back();
    const auto last = event->seconds;
    for (std::size_t steps = 0; steps < analysis.events.size() && event->follows; ++steps) {
        if (*event->follows >= analysis.events.size()) break;
        const LogEvent& before = analysis.events[*event->follows];
        if (!last || !before.seconds || *last - *before.seconds > longest_death) break;
        event = &before;
    }
    return event->seconds;
}

}  // namespace

// Records bear the time of local_clock(), which runqueues take theirs from.
Result<std::uint64_t> clock_before_death(const Kernel& kernel) {
    const auto now = scheduler_clock(kernel);
    if (!now) return now;
    const auto began = death_began(analyse_log(make_kernel_log(kernel)));
    if (!began || *began <= 0) return now;
    return std::min(*now, static_cast<std::uint64_t>(*began * 1e9));
}

}  // namespace postmortem
