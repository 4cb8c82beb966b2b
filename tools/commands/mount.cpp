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
        on_or_off("files,f", "open files of each: kernels before 3.13 alone"),
        on_or_off("inodes,i", "dirty inodes of each: kernels before 2.6.32 alone")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    // super_block.s_files went with 3.13 (eee5cc2702929), s_dirty with 2.6.32 (66f3b8e2e103).
    for (const auto& [option, list] : {std::pair("files", "s_files"), {"inodes", "s_dirty"}})
        if (arguments.has(option))
            return output.complain(std::string("mount: the super_block.") + list +
                                       " linked list is not read: no kernel since 3.13 has it",
                                   partial_answer);
    const auto list = postmortem::mounts(dump, {arguments.text("namespace"), arguments.rest});
    return list ? print(arguments, *list, output) : output.finish(list.error());
}

}  // namespace

const Command mount_command = {"mount", "mounted file systems", syntax, ask, nullptr};

}  // namespace tool
