// Names an event whose trace holds no reliable frame: by the instruction pointer, by the link register, by
// frames that the kernel marks as unsure. A guess is said to be one, but two bugs do not share one name for
// want of it.
#pragma once

#include <postmortem/log_analysis.h>

#include "log/events/naming.h"

namespace postmortem {

/// Where the rule found nobody to blame, or only who reports the stall.
void guess_function(const LogEvent& event, Naming& naming);

/// Adds the callers of a function that warns of what they do: its warnings are as many bugs as it has
/// callers.
void add_warned_callers(const LogEvent& event, Naming& naming);

}  // namespace postmortem
