#include "commands.h"

namespace tool {

int panic(const std::vector<std::string>& words) {
    Syntax syntax{
        "panic", "DUMP|LOG|-",
        "Says why the kernel died: the first cause and not the last scream, what it led to, where it\n"
        "happened, and what to look at next. Reads a vmcore, or the text of a kernel log alone\n"
        "(vmcore-dmesg.txt, dmesg, syslog, journalctl -o json or export, a serial console, pstore; also\n"
        "compressed; - is standard input). Exit status 4: the log tells of no crash.\n\n"
        "  postmortem panic /var/crash/202611210239\n"
        "  journalctl -k -b -1 | postmortem panic -\n"};
    syntax.input = "dump or log";
    syntax.most_operands = 0;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto analysis = analyse(*arguments);
    if (!analysis) return refuse(analysis.error());
    code = print(*arguments, *analysis);
    // Where something is missing, the crash may be what is missing.
    return analysis->cause() || code != whole_answer ? code : nothing_found;
}

}  // namespace tool
