#include <algorithm>

#include <postmortem/file_users.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP PATH|ADDRESS...",
        "Lists the tasks that use a file, a directory or a device, as crash does: as their root or current\n"
        "directory, by a descriptor, mapped. An address is that of a struct file, a dentry or an inode.\n\n"
        "  postmortem fuser vmcore /var/log/messages\n"};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty())
        return output.complain("fuser: no file is named; see `postmortem fuser --help`");
    if (arguments.json && arguments.rest.size() > 1)
        return output.complain("fuser: --json is about one file at a time");
    int worst = whole_answer;
    for (const std::string& file : arguments.rest) {
        const auto users = postmortem::file_users(dump, file);
        worst = std::max(worst, users ? print(arguments, *users, output) : output.finish(users.error()));
    }
    return worst;
}

}  // namespace

const Command fuser_command = {"fuser", "which tasks use a file", syntax, ask, nullptr};

}  // namespace tool
