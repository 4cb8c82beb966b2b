#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static constexpr Command commands[] = {
        {"bt", "print backtraces: the panic task's, the active tasks', any task's", bt},
        {"ps", "list the tasks", ps},
        {"rd", "read physical memory", rd},
    };
    return commands;
}

}  // namespace tool
