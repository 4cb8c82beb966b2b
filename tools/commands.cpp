#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static constexpr Command commands[] = {
        {"bt", "print backtraces: the panic task's, the active tasks', any task's", bt},
        {"log", "print what the kernel said", log},
        {"ps", "list the tasks", ps},
        {"extract", "write a small dump of the pages that the other commands need", extract},
        {"rd", "read physical memory", rd},
    };
    return commands;
}

}  // namespace tool
