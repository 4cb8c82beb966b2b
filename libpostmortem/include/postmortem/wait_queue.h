// The answer to `waitq`: which tasks wait on a wait queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>

namespace postmortem {

class CrashDump;

struct QueueWaiter {
    std::uint64_t entry = 0;  ///< address of its wait_queue_entry
    std::optional<TaskMention>
        task;              ///< nothing for what is no task: an epoll, a poll that waits on many queues
    std::string function;  ///< what wakes it up; empty where that is not known
};

struct WaitQueue {
    std::uint64_t queue = 0;  ///< address of the wait_queue_head
    std::string name;         ///< the symbol that it was asked for by
    std::vector<QueueWaiter> waiters;
    Problems problems;
};

/// `what` is a global wait queue or the address of one; or "struct.member", and `address` where that struct
/// lies. Errors: NotFound for a symbol or member that is not there; InvalidArgument; Corrupt where no queue
/// lies.
POSTMORTEM_API Result<WaitQueue> wait_queue(const CrashDump& dump, const std::string& what,
                                            const std::string& address = {});

POSTMORTEM_API std::string to_text(const WaitQueue& queue);
POSTMORTEM_API std::string to_json(const WaitQueue& queue);

}  // namespace postmortem
