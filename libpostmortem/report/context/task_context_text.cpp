// As crash's `set` prints it, and as it stands below the banner.
#include <fmt/format.h>

#include <postmortem/task_context.h>

#include "output/dotted.h"

namespace postmortem {

std::string to_text(const TaskContext& context) {
    const std::string info =
        context.thread_info ? fmt::format("  [THREAD_INFO: {:x}]", *context.thread_info) : "";
    const std::string one_of = context.same_pid > 1 ? fmt::format("  (1 of {})", context.same_pid) : "";
    return fmt::format("    PID: {}\nCOMMAND: \"{}\"\n   TASK: {:x}{}{}\n    CPU: {}\n  STATE: {} {}\n",
                       context.pid, dotted(context.comm), context.task, one_of, info,
                       context.cpu ? std::to_string(*context.cpu) : "-", context.state,
                       context.panic    ? "(PANIC)"
                       : context.active ? "(ACTIVE)"
                                        : "");
}

}  // namespace postmortem
