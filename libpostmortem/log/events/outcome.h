// What became of it: whether the machine died of an event or went on, what only follows from what, and
// whether the first oops is in the log at all.
#pragma once

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Once all events and the cause are known.
void tell_outcomes(LogAnalysis& analysis);

}  // namespace postmortem
