#include "commands.h"

namespace tool {

int ps(const std::vector<std::string>& words) {
    Syntax syntax{
        "ps", "DUMP [PID|TASK|COMM...]",
        "Lists the tasks, threads included, as crash does: > marks the one that a CPU was running,\n"
        "[brackets] a kernel thread; VSZ and RSS are in KiB.\n\n"
        "A selector is a pid, the address of a task_struct, or a command name:\n"
        "  postmortem ps /var/crash/202611210239/vmcore\n"
        "  postmortem ps vmcore 1 ffff8b26c1204180 sshd\n"};
    syntax.has_ndjson = true;
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto dump = open_dump(*arguments, code);
    if (!dump) return code;
    const auto list = dump->tasks(arguments->rest);
    return list ? print(*arguments, *list) : finish(list.error());
}

}  // namespace tool
