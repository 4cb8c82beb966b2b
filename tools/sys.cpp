#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Says which kernel died, on which machine, when, and why: crash's banner. The date is in the local\n"
        "time zone (TZ), as crash prints it; --json has UTC, and much more: build-id, command line, taint,\n"
        "CPUs, NUMA nodes, hypervisor, DMI.\n\n"
        "  postmortem sys vmcore\n"};
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return print(arguments, dump.system_info(), output);
}

}  // namespace

const Command sys_command = {"sys", "which kernel died, on which machine, when, and why", syntax, ask,
                             nullptr};

}  // namespace tool
