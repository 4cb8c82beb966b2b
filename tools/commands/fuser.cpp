#include <postmortem/file_users.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP PATH|ADDRESS",
        "Lists the tasks that use a file, a directory or a device, as crash does: as their root or current\n"
        "directory, by a descriptor, mapped. An address is that of a struct file, a dentry or an inode.\n\n"
        "  postmortem fuser vmcore /var/log/messages\n"};
    syntax.most_operands = 1;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty())
        return output.complain("fuser: no file is named; see `postmortem fuser --help`");
    const auto users = postmortem::file_users(dump, arguments.rest.front());
    return users ? print(arguments, *users, output) : output.finish(users.error());
}

}  // namespace

const Command fuser_command = {"fuser", "which tasks use a file", syntax, ask, nullptr};

}  // namespace tool
