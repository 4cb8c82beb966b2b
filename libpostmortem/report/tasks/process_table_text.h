// The columns of `ps` that several of its options share.
#pragma once

#include <string>

#include <postmortem/task_list.h>

namespace postmortem {

/// From the mark of an active task to the pointer, which is the task's or its stack's.
std::string process_row_start(const TaskInfo& task, std::string_view pointer);
/// From the state on, with a line break.
std::string process_row_end(const TaskInfo& task);
/// Escaped, a kernel thread's in brackets.
std::string shown_comm(const TaskInfo& task);

}  // namespace postmortem
