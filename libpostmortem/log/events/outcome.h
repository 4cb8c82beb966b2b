// What became of it: whether the machine died of an event or went on, what only follows from what, and
// whether the first oops is in the log at all.
#pragma once

#include <span>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Once all events and the cause are known.
void tell_outcomes(LogAnalysis& analysis);

/// "Fatal exception" and its like mean a lost report only where none stands in front of them.
void clear_escalations(std::span<LogEvent> events);

/// Something else than the log proves that the machine died of the cause.
void tell_death(LogAnalysis& analysis);

}  // namespace postmortem
