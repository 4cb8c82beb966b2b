// How reports of a class behave in a log.
#pragma once

#include <postmortem/log_analysis.h>

namespace postmortem {

/// Whether die() may print its "Oops [#1]" within the report. Others end without one.
bool may_die(EventClass event_class);

/// Whether a watchdog reports a CPU that does not get on, and with its stack shows where it is.
bool stalls_cpu(EventClass event_class);

/// Whether the same message comes again and again, every few seconds, for one and the same trouble.
bool comes_again(EventClass event_class);

}  // namespace postmortem
