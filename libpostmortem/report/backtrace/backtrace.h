// How backtraces are made: which tasks, and from raw frames to public ones.
#pragma once

#include <functional>

#include <postmortem/backtrace.h>

#include "base/problem_collector.h"
#include "kernel/unwind/unwind.h"
#include "report/backtrace/backtrace_tasks.h"

namespace postmortem {

/// Hands each backtrace to `visit`, in order, as soon as it is made; the reference is good for the call only.
/// Returns what is missing. NotFound where a selector matches nothing.
Result<Problems> visit_backtraces(const Kernel& kernel, const BacktraceRequest& request,
                                  const std::function<void(const Backtrace&)>& visit);

/// All of them at once.
Result<BacktraceList> make_backtraces(const Kernel& kernel, const BacktraceRequest& request);

/// One task, for reports that have a task and an unwinder already. Why frames are missing goes to `problems`.
Backtrace make_backtrace(const Task& task, const Unwinder& unwinder, FrameWalker& walker,
                         ProblemCollector& problems);

}  // namespace postmortem
