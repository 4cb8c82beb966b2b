// Completions that the end of a task, or a step of its life, is known to complete: vfork()'s
// (kernel/fork.c), kthread_stop()'s and kthread_park()'s (kernel/kthread.c).
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "kernel/sched/tasks.h"

namespace postmortem {

struct AwaitedEnd {
    const Task* task = nullptr;
    std::string_view step;    ///< what that task must do: "exec or exit", "end", "park"
    std::string_view member;  ///< where the completion is named: "vfork_done"
    bool of_vfork = false;
};

/// By the address of the completion. Borrows the table.
std::unordered_map<std::uint64_t, AwaitedEnd> read_awaited_ends(const Kernel& kernel, const TaskTable& table);

}  // namespace postmortem
