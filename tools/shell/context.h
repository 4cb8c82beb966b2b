// `set PID`, `set -p`, `set -c CPU`: which task commands are about.
#pragma once

#include <postmortem/task_context.h>

#include "command.h"

namespace tool::shell {

/// Where nothing is named the current one, and where there is none the panic task.
postmortem::Result<postmortem::TaskContext> chosen_context(const postmortem::CrashDump& dump,
                                                           const Arguments& arguments);

/// What makes it the current one again; empty for the panic task.
std::string selector_of(const postmortem::TaskContext& context);

}  // namespace tool::shell
