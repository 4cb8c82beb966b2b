// Reports of what makes no progress: RCU stalls, lockups, hung tasks. Says who and for how long, and finds
// the part of an RCU stall's report that shows the one who stalls; the rest of it is about those who watch.
#pragma once

#include <optional>

#include "log/events/report.h"

namespace postmortem {

/// Nothing for an event of another class.
std::optional<LogStall> read_stall(const Report& report, EventClass event_class);

/// The report with no other trace than that of the CPU or task that stalls, or without one where only others
/// are shown.
Report focused_on_stalled(const Report& report, const LogStall& stall);

}  // namespace postmortem
