// Waits for a journal (fs/jbd2): for its thread to commit, or for handles to be given back. Its types are the
// module's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

struct JournalWait {
    std::uint64_t journal = 0;         ///< journal_t
    std::string_view member;           ///< the wait queue: "j_wait_done_commit"
    std::uint64_t thread = 0;          ///< task_struct of its thread: where that has to act
    std::vector<std::uint64_t> users;  ///< task_structs that hold a handle: where those have to
};

/// The journal that the wait queue at this address belongs to.
std::optional<JournalWait> find_journal_wait(const Kernel& kernel, const TaskTable& table,
                                             std::uint64_t queue);

}  // namespace postmortem
