// What a fault was, where its headline says less than the rest of its report.
#pragma once

#include <postmortem/log_analysis.h>

#include "log/events/naming.h"

namespace postmortem {

void refine_class(LogEvent& event, Naming& naming);

}  // namespace postmortem
