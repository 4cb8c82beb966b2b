// The queues of the real-time class (kernel/sched/rt.c): on each CPU one list for each priority, of tasks, or
// of task groups with such lists of their own.
#pragma once

#include "kernel/sched/run_queue.h"
#include "kernel/sched/task_groups.h"
#include "object/field.h"

namespace postmortem {

/// Borrows all that it is given.
class RtQueues {
  public:
    RtQueues(const Kernel& kernel, const TaskIndex& tasks, const TaskGroups& groups);
    ClassQueue of(const RunQueue& rq) const;

  private:
    friend class RtWalk;

    const Kernel& kernel_;
    const TaskIndex& tasks_;
    const TaskGroups& groups_;
    std::optional<Error> missing_;
    bool grouped_ = false;         ///< CONFIG_RT_GROUP_SCHED
    Field lists_, count_, group_;  ///< of an rt_rq
    Field link_, own_queue_;       ///< of a sched_rt_entity
    Field entity_, priority_;      ///< of a task_struct
};

}  // namespace postmortem
