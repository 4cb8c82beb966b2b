#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Says on one screen what happened: which kernel died, why, in which task and where, what the other\n"
        "CPUs were doing, and the last that the kernel said.\n\n"
        "  postmortem report /var/crash/202611210239\n"};
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return print(arguments, dump.report(), output);
}

}  // namespace

const Command report_command = {"report", "what happened, on one screen, to paste into a ticket", syntax, ask,
                                nullptr};

}  // namespace tool
