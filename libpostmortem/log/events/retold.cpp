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
