// The line that heads crash's output for a task.
#pragma once

#include <string>

#include <postmortem/process_status.h>

namespace postmortem {

/// "PID: 1        TASK: ffff888c41200000  CPU: 0    COMMAND: "init"", and a line break.
std::string task_header(const TaskMention& task);

/// crash's mkstring(CENTER): the odd space goes to the right, or with `odd_left` to the left.
std::string centered(std::string_view text, std::size_t width, bool odd_left = false);

}  // namespace postmortem
