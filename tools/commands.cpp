#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static constexpr Command commands[] = {
        {"log", "print what the kernel said", log},
        {"sys", "say which kernel died, on which machine, when, and why", sys},
        {"bt", "print backtraces: the panic task's, the active tasks', any task's", bt},
        {"ps", "list the tasks", ps},
        {"extract", "write a small dump of the pages that the other commands need", extract},
        {"rd", "read physical memory", rd},
    };
    return commands;
}

}  // namespace tool
