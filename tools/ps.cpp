#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM...]",
        "Lists the tasks, threads included, as crash does: > marks the one that a CPU was running,\n"
        "[brackets] a kernel thread; VSZ and RSS are in KiB.\n\n"
        "A selector is a pid, the address of a task_struct, or a command name:\n"
        "  postmortem ps /var/crash/202611210239/vmcore\n"
        "  postmortem ps vmcore 1 ffff8b26c1204180 sshd\n"};
    syntax.has_ndjson = true;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto list = dump.tasks(arguments.rest);
    return list ? print(arguments, *list, output) : output.finish(list.error());
}

}  // namespace

const Command ps_command = {"ps", "the tasks", syntax, ask, nullptr};

}  // namespace tool
