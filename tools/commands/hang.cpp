#include <postmortem/hang.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP",
        "Says why a machine stands still: which tasks sleep uninterruptibly, what each waits for and who "
        "holds it,\n"
        "as trees with the culprit at the root; CPUs that do not get on, worker pools without progress, "
        "disks\n"
        "with old requests. The first line is the verdict; below it stands what it rests on. What cannot be\n"
        "proven from the dump is said to be unknown, and why.\n\n"
        "  postmortem hang /var/crash/202611210239/vmcore\n"
        "  postmortem hang --json vmcore | jq .verdict\n\n"
        "How to read a tree: whoever stands below a line waits for what that line names.\n\n"
        "  pid 201 holder waits for completion never; by whom: not known, because ...\n"
        "    `- pid 202 onlooker waits for mutex first: holder (pid 201) holds it [24.4 s]\n\n"
        "The stacks of such tasks: postmortem bt DUMP 201 202. The CPUs' queues: postmortem runq -w DUMP.\n"};
    syntax.most_operands = 0;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return print(arguments, postmortem::hang(dump), output);
}

}  // namespace

const Command hang_command = {"hang", "why the machine stands still: who waits for whom", syntax, ask,
                              nullptr};

}  // namespace tool
