// Which tasks a question is about, as crash's ps and foreach take them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postmortem {

/// A task must be named by one of the selectors, if there are any, and meet every condition.
struct TaskChoice {
    /// Each a pid, the address of a task_struct (hexadecimal), a command name, or a POSIX extended regular
    /// expression that is looked for in names. 'In single quotes' it is always an expression; the quotes are
    /// lost where a shell takes them, so that anything else that is no task's name and holds one of
    /// ^$.*+?()[]{}| is one, too. A \backslash in front says: a name.
    std::vector<std::string> selectors;

    enum class Kind { All, Kernel, User };
    Kind kind = Kind::All;
    bool group_leaders = false;    ///< the first thread of each process; a thread that is named stands for it
    bool for_each_thread = false;  ///< then: as often as threads of it are named
    bool active = false;           ///< what a CPU was running
    bool without_idle = false;
    std::string state;                  ///< crash's letters: RU, IN, UN, …; empty for any
    std::vector<std::string> policies;  ///< NORMAL, FIFO, RR, BATCH, ISO, IDLE, DEADLINE, EXT, or the numbers
    std::vector<std::uint32_t> cpus;    ///< where they run or last ran; empty for any
};

}  // namespace postmortem
