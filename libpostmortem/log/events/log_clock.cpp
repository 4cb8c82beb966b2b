#include "log/events/log_clock.h"

#include <algorithm>

namespace postmortem {

// CPUs that print at once disagree by less.
bool is_back(double from, double to) {
    constexpr double back = 5;
    return to < from - back;
}

// The lines of a report come within seconds; longest is the wait for CPUs that were asked for their stacks:
// 10 s (lib/nmi_backtrace.c).
bool is_jump(double from, double to) {
    constexpr double ahead = 15;
    return is_back(from, to) || to > from + ahead;
}

// A line out of its order jumps to and fro; a log that goes on elsewhere does not come back.
std::optional<std::size_t> LogClock::read(const LogRecord& record, std::size_t here) {
    constexpr std::size_t lines_that_tell = 4;
    if (!record.seconds) return std::nullopt;
    const double now = *record.seconds;
    if (!record.host.empty() && record.host != host_) {
        // Hosts whose lines one log mixes have clocks of their own.
        if (!host_.empty()) last_.reset(), jump_.reset(), latest_ = 0;
        host_ = record.host;
    }
    if (jump_ && !is_jump(jump_->from, now)) {
        jump_.reset();
    } else if (last_ && is_jump(*last_, now) && !jump_) {
        jump_ = Jump{*last_, here, 0};
    }
    last_ = now;
    latest_ = std::max(latest_, now);
    if (!jump_ || ++jump_->lines < lines_that_tell) return std::nullopt;
    const std::size_t at = jump_->at;
    jump_.reset();
    return at;
}

}  // namespace postmortem
