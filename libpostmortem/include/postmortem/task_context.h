// The answer to crash's `set`: which task commands are about where none is named, and what it was doing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>

namespace postmortem {

class CrashDump;

struct TaskContext {
    std::int32_t pid = 0;
    std::string comm;                          ///< untrusted text: escape before printing
    std::uint64_t task = 0;                    ///< address of its task_struct
    std::optional<std::uint64_t> thread_info;  ///< within it (THREAD_INFO_IN_TASK), or below its stack
    std::optional<std::uint32_t> cpu;          ///< where it runs or last ran
    std::uint32_t same_pid = 1;                ///< tasks of this pid: there is an idle one for each CPU
    std::string state;                         ///< TASK_UNINTERRUPTIBLE|TASK_NOLOAD, …
    bool active = false;                       ///< a CPU was running it when the kernel died
    bool panic = false;                        ///< … the CPU that brought it down
    Problems problems;
};

struct TaskContextRequest {
    /// A pid, the address of a task_struct, a command name; empty: the task that brought the kernel down, or
    /// with `cpu` the one that this CPU was running.
    std::string selector;
    std::optional<std::uint32_t> cpu;
};

/// NotFound where nothing is selected; InvalidArgument where several tasks are, or there is no such CPU.
POSTMORTEM_API Result<TaskContext> task_context(const CrashDump& dump,
                                                const TaskContextRequest& request = {});

POSTMORTEM_API std::string to_text(const TaskContext& context);
POSTMORTEM_API std::string to_json(const TaskContext& context);

}  // namespace postmortem
