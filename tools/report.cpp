#include "commands.h"

namespace tool {

int report(const std::vector<std::string>& words) {
    Syntax syntax{
        "report", "DUMP",
        "Says on one screen what happened: which kernel died, why, in which task and where, what the other\n"
        "CPUs were doing, and the last that the kernel said.\n\n"
        "  postmortem report /var/crash/202611210239\n"};
    syntax.most_operands = 0;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto dump = open_dump(*arguments, code);
    return dump ? print(*arguments, dump->report()) : code;
}

}  // namespace tool
