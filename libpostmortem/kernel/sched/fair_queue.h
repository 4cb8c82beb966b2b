// The queues of the fair class, CFS or EEVDF (kernel/sched/fair.c): a tree of entities on each CPU, which are
// tasks, or task groups with a tree of their own.
#pragma once

#include "kernel/sched/run_queue.h"
#include "kernel/sched/task_groups.h"
#include "object/field.h"

namespace postmortem {

/// Borrows all that it is given.
class FairQueues {
  public:
    FairQueues(const Kernel& kernel, const TaskIndex& tasks, const TaskGroups& groups);
    ClassQueue of(const RunQueue& rq) const;

  private:
    friend class FairWalk;

    const Kernel& kernel_;
    const TaskIndex& tasks_;
    const TaskGroups& groups_;
    std::optional<Error> missing_;
    Field timeline_, current_, count_;   ///< of a cfs_rq
    Field group_, limbo_;                ///< of a cfs_rq; absent in kernels without
    Field run_node_, on_rq_;             ///< of a sched_entity
    Field own_queue_, queue_, delayed_;  ///< of a sched_entity; absent in kernels without
    Field entity_, throttle_node_;       ///< of a task_struct
};

}  // namespace postmortem
