// The queues of the smaller scheduling classes: kernel/sched/deadline.c, ext.c, stop_task.c.
#pragma once

#include "kernel/sched/run_queue.h"

namespace postmortem {

/// The tree by deadlines; nothing before 3.14 (aab03e05e8f7).
std::optional<ClassQueue> deadline_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq);

/// Tasks that a BPF scheduler runs; nothing without CONFIG_SCHED_CLASS_EXT (6.12, f0e1a0643a59).
std::optional<ClassQueue> extensible_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq);

/// The stopper, which has no queue: it waits where it is on_rq and does not run (2.6.37, 34f971f6f798).
std::optional<ClassQueue> stop_queue(const Kernel& kernel, const TaskIndex& tasks, const RunQueue& rq);

}  // namespace postmortem
