// What a log tells more than once: dmesg's output beside the console's, a headline for each inlined function.
#pragma once

#include <span>
#include <string_view>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// dmesg's output in a console's log tells of what the console has told. `told_late`: the log's clock stood
/// behind the event's already.
bool is_told_again(const LogEvent& event, bool told_late, std::span<const LogEvent> earlier);

/// A headline without a report: somebody named the event before he quoted its report, or two CPUs said the
/// same at once and the report of one stands below the headline of the other.
bool announces(const LogEvent& earlier, const LogEvent& event);

/// The task that the announcement names, where the report does not.
void take_task(const LogEvent& earlier, LogEvent& event);

/// Messages of one line that come again and again are one event: whether this one is one of the last, which
/// then counts it.
bool repeats_last(const LogEvent& event, std::span<LogEvent> events);

/// Whoever looks lines up prints a headline once for each function that was inlined, the innermost first:
/// whether `text` is the next one behind `before`.
bool names_inlined(std::string_view before, std::string_view text);

}  // namespace postmortem
