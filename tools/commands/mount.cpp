#include <postmortem/mount_list.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [MOUNT|VFSMOUNT|SUPERBLOCK|DENTRY|INODE|DEVICE|DIRECTORY...]",
        "Lists the file systems that were mounted when the kernel died, as crash does: those that the\n"
        "first process sees.\n\n"
        "  postmortem mount vmcore\n"
        "  postmortem mount -n 4711 vmcore /var\n"};
    syntax.has_ndjson = true;
    syntax.options = {
        text("namespace,n", "TASK", "those that this task sees: a pid, or the address of a task_struct"),
        on_or_off("files,f", "lists no open files: says whether this kernel has lists of them"),
        on_or_off("inodes,i", "the same of dirty inodes")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    using postmortem::SuperblockList;
    for (const auto& [option, list] :
         {std::pair("files", SuperblockList::OpenFiles), {"inodes", SuperblockList::DirtyInodes}})
        if (arguments.has(option))
            return output.complain("mount: " + postmortem::why_not_listed(dump, list).message,
                                   partial_answer);
    const auto list = postmortem::mounts(dump, {arguments.text("namespace"), arguments.rest});
    return list ? print(arguments, *list, output) : output.finish(list.error());
}

}  // namespace

const Command mount_command = {"mount", "mounted file systems", syntax, ask, nullptr};

}  // namespace tool
