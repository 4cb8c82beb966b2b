// A task as other answers mention it.
#pragma once

#include <postmortem/process_status.h>

#include "kernel/sched/tasks.h"

namespace postmortem {

inline TaskMention mention(const Task& task) {
    return {task.pid, task.address, task.cpu, task.comm, task.address_digits};
}

}  // namespace postmortem
