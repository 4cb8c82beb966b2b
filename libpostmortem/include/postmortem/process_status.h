// The answer to `ps` with its options: tasks, and what else is asked of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/error.h>
#include <postmortem/problem.h>
#include <postmortem/task_choice.h>
#include <postmortem/task_list.h>

namespace postmortem {

class CrashDump;

/// A task that is mentioned, as the header of crash's output for each task has it.
struct TaskMention {
    std::int32_t pid = 0;
    std::uint64_t task = 0;            ///< address of its task_struct
    std::optional<std::uint32_t> cpu;  ///< where it runs or last ran
    std::string comm;                  ///< untrusted text: escape before printing
    std::uint8_t address_digits = 16;  ///< of an address in this kernel
};

/// Strings that lie one behind the other in a process's own memory.
struct ProcessStrings {
    std::vector<std::string> strings;  ///< untrusted; empty ones included
    bool last_is_whole = true;         ///< a NUL follows it
};

struct ProcessLimit {
    std::string name;                               ///< "NOFILE"
    std::optional<std::uint64_t> current, maximum;  ///< nothing: unlimited
};

struct ProcessDetails {
    TaskInfo task;
    std::optional<std::uint64_t> stack_pointer;  ///< while it does not run: of its kernel stack

    // ps -Y
    std::string policy;  ///< NORMAL, FIFO, …; empty where it was not asked for or could not be read
    std::optional<std::int64_t> priority;

    std::vector<TaskMention> ancestors;             ///< ps -p: the eldest first
    std::vector<TaskMention> children;              ///< ps -c
    std::optional<std::vector<TaskMention>> group;  ///< ps -g: the other threads; nothing: it leads none

    // ps -t
    std::optional<std::uint64_t> run_seconds;  ///< since it was started
    std::optional<std::uint64_t> start_time;   ///< as the kernel counts: ns since boot from Linux 3.17 on
    std::optional<std::uint64_t> user_time;    ///< ns from Linux 4.11 on
    std::optional<std::uint64_t> system_time;

    // ps -l, -m
    std::optional<std::uint64_t> last_run_ns;  ///< when it last came to a CPU, by its runqueue's clock
    std::optional<std::uint64_t> runqueue_clock_ns;

    // ps -a
    bool has_user_memory = false;
    std::optional<ProcessStrings> arguments, environment;
    std::optional<std::uint64_t> unreadable_address;  ///< of the first of them that could not be read
    bool strings_are_located = true;  ///< false where types are missing that tell where they lie

    std::vector<ProcessLimit> limits;  ///< ps -r
};

struct ProcessRequest {
    TaskChoice which;
    enum class Part { None, Ancestors, Children, Group, Times, LastRun, Strings, Limits, Policy };
    Part part = Part::None;
    bool stack_pointers = false;
};

struct ProcessStatus {
    std::vector<ProcessDetails> tasks;
    std::optional<std::uint64_t> latest_run_ns;  ///< of all tasks: crash makes its column that wide
    Problems problems;
};

/// InvalidArgument where the choice makes no sense. A selector that names nothing is a problem.
POSTMORTEM_API Result<ProcessStatus> process_status(const CrashDump& dump, const ProcessRequest& request);
/// The chosen tasks and no more, with the same rules.
struct TaskMentions {
    std::vector<TaskMention> tasks;
    Problems problems;
};
POSTMORTEM_API Result<TaskMentions> chosen_tasks(const CrashDump& dump, const TaskChoice& choice);
/// The line that heads what crash prints of a task.
POSTMORTEM_API std::string task_heading(const TaskMention& task);
/// The bare list of chosen tasks, with the same rules.
POSTMORTEM_API Result<TaskList> chosen_task_list(const CrashDump& dump, const TaskChoice& choice);

/// As crash prints it with these options.
enum class ProcessStyle {
    Table,
    Policy,        ///< -Y, in crash's development branch
    Ancestors,     ///< -p
    Children,      ///< -c
    Group,         ///< -g
    Times,         ///< -t
    LastRun,       ///< -l
    Milliseconds,  ///< -m
    Strings,       ///< -a
    Limits,        ///< -r
    Summary,       ///< -S
};
struct ProcessPrinting {
    ProcessStyle style = ProcessStyle::Table;
    bool header = true;
    bool stack_pointers = false;  ///< -s
    bool per_cpu = false;         ///< -C: in blocks, for these CPUs
    std::vector<std::uint32_t> cpus;
};
POSTMORTEM_API std::string to_text(const ProcessStatus& status, const ProcessPrinting& printing);
POSTMORTEM_API std::string to_json(const ProcessStatus& status);
POSTMORTEM_API std::string to_ndjson(const ProcessStatus& status);

}  // namespace postmortem
