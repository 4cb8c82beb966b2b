#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP|LOG|-",
        "Says on one screen what happened: which kernel died, why, in which task and where, what the other\n"
        "CPUs were doing, and the last that the kernel said. Of the text of a kernel log it says what\n"
        "`panic` does, with its exit status. A file without a command is reported on, too.\n\n"
        "  postmortem report /var/crash/202611210239\n"
        "  postmortem /var/crash/202611210239/vmcore\n"};
    syntax.input = "dump or log";
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return print(arguments, dump.report(), output);
}

}  // namespace

int read(const Arguments& arguments, Output& output) {
    return panic_command.read(arguments, output);
}

const Command report_command = {"report", "what happened, on one screen, to paste into a ticket", syntax, ask,
                                read};

}  // namespace tool
