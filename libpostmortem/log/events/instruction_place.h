// s390 prints where a program goes on after an exception, which is not where it was.
#pragma once

#include "log/events/report.h"

namespace postmortem {

/// Gives the lines that name the program status word, and the trace's first frame, which repeats it, the name
/// of the instruction that was given up: as far as the report tells of which function that is a part.
void name_instruction(Report& report);

}  // namespace postmortem
