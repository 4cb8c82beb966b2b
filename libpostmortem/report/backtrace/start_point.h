// Backtraces that start where the user says, in place of where the task is: `bt -I` and `-S`.
#pragma once

#include <postmortem/backtrace.h>

#include "kernel/unwind/unwind.h"

namespace postmortem {

/// As the request says. Where only the place on the stack is given, from the first return address at or above
/// it; where only the instruction, from the lowest place that holds it.
void unwind_as_asked(const Unwinder& unwinder, const Task& task, const BacktraceRequest& request,
                     FrameWalker& walker, RawBacktrace& out);

}  // namespace postmortem
