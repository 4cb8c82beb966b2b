// How bad an event is.
#pragma once

#include <postmortem/log_analysis.h>

namespace postmortem {

/// What an event tells of the machine's state, in rising order.
enum class Gravity { Notice, Warning, Corruption, Stall, Fatal, Panic };

Gravity gravity(const LogEvent& event);

/// A panic() of any kind, as against what it may follow from.
bool is_panic(const LogEvent& event);

}  // namespace postmortem
