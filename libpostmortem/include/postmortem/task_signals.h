// The answer to `sig`: how tasks handle signals, and which wait for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/process_status.h>
#include <postmortem/task_choice.h>

namespace postmortem {

class CrashDump;

struct SignalAction {
    std::uint32_t number = 0;
    std::uint64_t action = 0;   ///< address of its struct k_sigaction
    std::uint64_t handler = 0;  ///< in the program; 0 the default, 1 ignored
    std::uint64_t mask = 0;     ///< blocked meanwhile; bit 0 is signal 1
    std::uint64_t flags = 0;    ///< SA_*
};

struct WaitingSignal {
    std::int32_t number = 0;
    std::uint64_t info = 0;  ///< address of its siginfo
};

struct WaitingSignals {
    std::uint64_t set = 0;
    std::vector<WaitingSignal> queue;
};

struct TaskSignals {
    TaskMention task;
    std::optional<std::uint64_t> signal_struct;  ///< 0 where the task has given it up
    std::optional<std::int64_t> threads;
    std::vector<SignalAction> actions;
    std::optional<bool> has_pending;  ///< one that is not blocked
    std::optional<std::uint64_t> blocked;
    std::optional<WaitingSignals> own, shared;
    bool leads_group = false;  ///< with -g: its threads follow
};

struct SignalList {
    std::vector<TaskSignals> tasks;
    Problems problems;
};

struct SignalRequest {
    TaskChoice which;     ///< without a selector: the task that brought the kernel down
    bool groups = false;  ///< -g: the process of each task, all its threads
};

POSTMORTEM_API Result<SignalList> task_signals(const CrashDump& dump, const SignalRequest& request);

struct SignalPrinting {
    bool groups = false;
    bool in_foreach = false;
};
POSTMORTEM_API std::string to_text(const SignalList& list, const SignalPrinting& printing = {});
POSTMORTEM_API std::string to_json(const SignalList& list);
POSTMORTEM_API std::string to_ndjson(const SignalList& list);

/// `sig -l` and `sig -s`: all names, and those of the bits of a set.
POSTMORTEM_API std::string signal_names_text();
POSTMORTEM_API std::string signal_set_text(std::uint64_t set);

}  // namespace postmortem
