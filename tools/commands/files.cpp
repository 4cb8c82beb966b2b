#include <postmortem/cached_pages.h>
#include <postmortem/open_files.h>

#include "address_word.h"
#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM|'REGEX'...]",
        "Shows what tasks had open, their root and their working directories, as crash does: of the task\n"
        "that brought the kernel down, or of those that are selected.\n\n"
        "  postmortem files vmcore 1\n"
        "  postmortem foreach vmcore files -R /var/log\n"};
    syntax.has_ndjson = true;
    syntax.options = {on_or_off("pages,c", "inode, address_space and how many pages are in memory"),
                      text("reference,R", "WHAT",
                           "where this descriptor, path, file, dentry, inode or address_space occurs"),
                      text("dentry,d", "DENTRY", "what the dentry at this address is"),
                      text("inode,p", "INODE", "the pages in memory of the inode at this address")};
    syntax.rules.covers = {{"dentry", {"pages", "reference"}}};
    syntax.rules.alone = {{"dentry"}, {"inode"}};
    syntax.rules.drops_operands = syntax.rules.not_in_foreach = {"dentry", "inode"};
    return syntax;
}

int ask_dentry(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto address = address_of(arguments.text("dentry"));
    if (!address)
        return output.complain("files: -d takes the address of a dentry, not '" + arguments.text("dentry") +
                               "'");
    const auto info = postmortem::dentry_info(dump, *address);
    return info ? print(arguments, *info, output) : output.finish(info.error());
}

int ask_pages_of_file(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto address = address_of(arguments.text("inode"));
    if (!address)
        return output.complain("files: -p takes the address of an inode, not '" + arguments.text("inode") +
                               "'");
    const auto pages = postmortem::cached_pages(dump, *address);
    if (!pages) return output.finish(pages.error());
    output.expect_much();
    return print(arguments, *pages, output);
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("inode")) return ask_pages_of_file(dump, arguments, output);
    if (arguments.has("dentry")) return ask_dentry(dump, arguments, output);
    postmortem::OpenFileRequest request;
    request.which.selectors = arguments.tasks();
    request.reference = arguments.text("reference");
    const auto files = postmortem::open_files(dump, request);
    if (!files) return output.finish(files.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *files, output);
    return output.finish(postmortem::to_text(*files, {arguments.has("pages"), !request.reference.empty(),
                                                      arguments.in_foreach || arguments.rest.empty()}),
                         files->problems);
}

}  // namespace

const Command files_command = {"files", "what tasks had open", syntax, ask, nullptr};

}  // namespace tool
