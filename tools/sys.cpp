#include "commands.h"

namespace tool {

int sys(const std::vector<std::string>& words) {
    Syntax syntax{"sys", "DUMP",
                  "Says which kernel died, on which machine, when, and why: crash's banner. The date is in the local\n"
                  "time zone (TZ), as crash prints it; --json has UTC, and much more: build-id, command line, taint,\n"
                  "CPUs, NUMA nodes, hypervisor, DMI.\n\n"
                  "  postmortem sys vmcore\n"};
    syntax.most_operands = 0;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto dump = open_dump(*arguments, code);
    return dump ? print(*arguments, dump->system_info()) : code;
}

}  // namespace tool
