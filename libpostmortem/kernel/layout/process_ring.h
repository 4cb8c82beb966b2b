// The list of all processes, found without knowing struct task_struct: init_task is a symbol, bears the name
// "swapper", and is a part of exactly one ring of which every node lies as deep in a struct that has a name,
// too.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct ProcessRing {
    std::uint64_t tasks = 0;  ///< offset of the list_head
    std::uint64_t comm = 0;   ///< and of the name
    std::uint64_t size = 0;   ///< bytes of a task_struct, at most
    /// init_task, then every process in the order in which they were made.
    std::vector<std::uint64_t> processes;
    bool closed = false;  ///< no page was missing on the way
};

constexpr std::size_t task_name_bytes = 16;  // TASK_COMM_LEN, part of the ABI (prctl(2))

/// Errors: NotFound where no ring, or more than one, is as it has to be.
Result<ProcessRing> find_process_ring(const Kernel& kernel);

}  // namespace postmortem
