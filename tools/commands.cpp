#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static constexpr Command commands[] = {
        {"report", "what happened, on one screen, to paste into a ticket", report},
        {"sys", "which kernel died, on which machine, when, and why", sys},
        {"ps", "the tasks", ps},
        {"bt", "backtraces: the panic task's, the active tasks', any task's", bt},
        {"log", "what the kernel said", log},
        {"rd", "physical memory", rd},
        {"extract", "write a small dump of the pages that the other commands need", extract},
    };
    return commands;
}

}  // namespace tool
