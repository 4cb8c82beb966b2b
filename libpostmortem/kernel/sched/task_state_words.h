// The kernel's own names of a task's state.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/sched/task_states.h"

namespace postmortem {

/// With a bar between them: TASK_UNINTERRUPTIBLE|TASK_NOLOAD; TASK_RUNNING for 0. Bits without a name come
/// last, in hexadecimal. include/linux/sched.h.
std::string task_state_words(const TaskStates& states, std::uint64_t state);

}  // namespace postmortem
