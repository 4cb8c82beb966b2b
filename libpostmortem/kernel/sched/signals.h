// How a task handles signals, and which wait for it (struct sighand_struct and sigpending,
// include/linux/sched/signal.h, signal_types.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"

namespace postmortem {

struct SignalHandling {
    std::uint64_t action = 0;   ///< where its struct k_sigaction lies
    std::uint64_t handler = 0;  ///< an address of the program; 0 the default, 1 ignored
    std::uint64_t mask = 0;     ///< signals that are blocked meanwhile
    std::uint64_t flags = 0;    ///< SA_*
};

struct QueuedSignal {
    std::int32_t number = 0;
    std::uint64_t info = 0;  ///< where its siginfo lies
};

struct PendingSignals {
    std::uint64_t set = 0;  ///< bit 0 is signal 1
    std::vector<QueuedSignal> queue;
};

struct SignalsOfTask {
    std::optional<std::uint64_t> signal_struct;  ///< 0 where the task has given it up
    std::optional<std::int64_t> threads;
    std::vector<SignalHandling> handling;  ///< of signal 1 and on
    std::optional<bool> has_pending;       ///< one that is not blocked
    std::optional<std::uint64_t> blocked;
    std::optional<PendingSignals> own, shared;
    Problems problems;
};

SignalsOfTask read_signals(const Kernel& kernel, const Task& task);

}  // namespace postmortem
