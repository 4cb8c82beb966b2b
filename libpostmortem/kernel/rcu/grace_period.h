// RCU's grace period: since when it has been going on, and which CPUs and
// preempted readers it waits for (kernel/rcu/tree.c, tree.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct GracePeriod {
    bool going_on = false;
    std::string flavour;                 ///< rcu_state.name: "rcu_preempt". Untrusted
    std::optional<double> seconds;       ///< since it began (gp_start)
    std::vector<std::uint32_t> cpus;     ///< that have not passed a quiet point (rcu_node.qsmask)
    std::vector<std::uint64_t> readers;  ///< task_structs of readers that were
                                         ///< preempted (rcu_node.gp_tasks)
};

/// Errors: NotFound where the kernel has no such RCU (TINY_RCU); the memory's
/// own.
Result<GracePeriod> read_grace_period(const Kernel& kernel);

}  // namespace postmortem
