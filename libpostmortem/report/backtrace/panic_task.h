// Which task the kernel died in.
#pragma once

#include <string_view>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// Whether a function does not return to a machine that goes on: panic() and crash_kexec().
bool ends_the_kernel(std::string_view function);

/// The running task whose stack is in panic(), else in crash_kexec(); null where none is.
const Task* task_in_panic(const Kernel& kernel, const TaskTable& table);

/// The task that the crashed CPU was running: by the kernel's variables or the dump's header, else by the
/// stacks of what ran. Where none panicked (a running guest that QEMU dumped), the task of the first CPU
/// stands in. Null where it cannot be found.
const Task* panic_task(const Kernel& kernel, const TaskTable& table);

}  // namespace postmortem
