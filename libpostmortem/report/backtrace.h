// How backtraces are made: which tasks, and from raw frames to public ones.
#pragma once

#include <postmortem/backtrace.h>

#include "kernel/unwind.h"

namespace postmortem {

/// NotFound where a selector matches nothing.
Result<BacktraceList> make_backtraces(const Kernel& kernel, const BacktraceRequest& request);

/// One task, for reports that have a task table and an unwinder already. What is missing goes to `problems`.
Backtrace make_backtrace(const Task& task, const Unwinder& unwinder, FrameWalker& walker, Problems& problems);

}  // namespace postmortem
