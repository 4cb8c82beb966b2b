#include "commands.h"

namespace tool {

std::span<const Command> all_commands() {
    static constexpr Command commands[] = {
        {"report", "what happened, on one screen, to paste into a ticket", report},
        {"panic", "why it died, of a dump or a log: the first cause, and what to look at next", panic},
        {"signature", "a title and a short id that are the same for the same bug", signature},
        {"check", "for CI: is this crash known, new, or none?", check},
        {"triage", "group many dumps and logs by what they died of", triage},
        {"sys", "which kernel died, on which machine, when, and why", sys},
        {"ps", "the tasks", ps},
        {"bt", "backtraces: the panic task's, the active tasks', any task's", bt},
        {"log", "what the kernel said", log},
        {"meminfo", "who had the memory: /proc/meminfo, zones, slab, swap, and the sum of it all", meminfo},
        {"oom", "who ate the memory: the OOM reports of a log or a dump", oom},
        {"rd", "physical memory", rd},
        {"extract", "write a small dump of the pages that the other commands need", extract},
        {"schema", nullptr, schema},
    };
    return commands;
}

}  // namespace tool
