#include "log/events/retold.h"

#include <algorithm>

#include "log/events/event_kinds.h"

namespace postmortem {

bool is_told_again(const LogEvent& event, bool told_late, std::span<const LogEvent> earlier_events) {
    if (event.seconds && !told_late) return false;
    return std::any_of(earlier_events.begin(), earlier_events.end(), [&](const LogEvent& earlier) {
        if (!earlier.seconds || earlier.boot != event.boot || earlier.host != event.host) return false;
        if (earlier.headline != event.headline) return false;
        // dmesg may print no times, and only the lines of some levels.
        const bool shows_no_times = !event.seconds && event.time.empty();
        return earlier.seconds == event.seconds ||
               (shows_no_times && (event.corrupted || earlier.id == event.id));
    });
}

namespace {

// At once by the clock; by the lines where one of the two has none.
bool comes_at_once(const LogEvent& earlier, const LogEvent& event) {
    constexpr double at_once = 1;  // second
    constexpr std::size_t few_lines = 16;
    if (earlier.seconds && event.seconds)
        return *event.seconds >= *earlier.seconds && *event.seconds - *earlier.seconds <= at_once;
    return event.seconds || event.line - earlier.line <= few_lines;
}

bool says_the_same(const LogEvent& earlier, const LogEvent& event) {
    constexpr std::size_t next_lines = 4, shortest = 12;
    if (event.headline.starts_with(earlier.headline)) return earlier.headline.size() >= shortest;
    if (earlier.title == event.title) return earlier.title.find(" in ") != std::string::npos;
    if (stalls_cpu(event.event_class)) return false;  // who is stalled and who waits for him both report
    return event.title.starts_with(earlier.title + " in ") && event.line - earlier.line <= next_lines;
}

}  // namespace

bool announces(const LogEvent& earlier, const LogEvent& event) {
    const bool has_body = !earlier.frames.empty() || (earlier.ip && !earlier.comm.empty());
    const bool tells_all = !event.function.empty() && (!event.frames.empty() || event.ip);
    return !has_body && tells_all && earlier.boot == event.boot && earlier.event_class == event.event_class &&
           event.line > earlier.line && comes_at_once(earlier, event) && says_the_same(earlier, event);
}

void take_task(const LogEvent& earlier, LogEvent& event) {
    if (!event.comm.empty() || event.pid) return;
    event.comm = earlier.comm;
    event.pid = earlier.pid;
    if (!event.cpu) event.cpu = earlier.cpu;
}

bool repeats_last(const LogEvent& event, std::span<LogEvent> events) {
    constexpr std::size_t last = 4;
    if (!comes_again(event.event_class)) return false;
    for (std::size_t i = events.size(); i-- > 0 && i + last >= events.size();) {
        LogEvent& earlier = events[i];
        if (earlier.id != event.id || earlier.boot != event.boot) continue;
        ++earlier.repeats;
        return true;
    }
    return false;
}

bool names_inlined(std::string_view before, std::string_view text) {
    if (!before.ends_with("[inline]")) return false;
    const std::size_t place = std::min(before.find(" in "), before.find(" at "));
    return place != std::string_view::npos && text.starts_with(before.substr(0, place + 4));
}

}  // namespace postmortem
