#include "commands.h"

namespace tool {
namespace {

int answer(const postmortem::PanicAnalysis& analysis, const Arguments& arguments, Output& output) {
    const int code = print(arguments, analysis, output);
    // Where something is missing, the crash may be what is missing.
    return analysis.cause() || code != whole_answer ? code : nothing_found;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP|LOG|-",
        "Says why the kernel died: the first cause and not the last scream, what it led to, where it\n"
        "happened, and what to look at next. Reads a vmcore, or the text of a kernel log alone\n"
        "(vmcore-dmesg.txt, dmesg, syslog, journalctl -o json or export, a serial console, pstore; also\n"
        "compressed; - is standard input). Exit status 4: the log tells of no crash.\n\n"
        "  postmortem panic /var/crash/202611210239\n"
        "  journalctl -k -b -1 | postmortem panic -\n"};
    syntax.input = "dump or log";
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return answer(dump.panic(), arguments, output);
}

int read(const Arguments& arguments, Output& output) {
    const auto analysis = postmortem::analyse_crash(arguments.dump);
    return analysis ? answer(*analysis, arguments, output) : output.refuse(analysis.error());
}

}  // namespace

const Command panic_command = {
    "panic", "why it died, of a dump or a log: the first cause, and what to look at next", syntax, ask, read};

}  // namespace tool
