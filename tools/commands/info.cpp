#include <postmortem/dump_info.h>

#include "commands.h"
#include "progress.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Says what a dump file is and what it holds: format, headers, flags, machine, filter "
                  "level, memory, notes,\n"
                  "VMCOREINFO, build-id, and which vmlinux fits. No kernel need be understood.\n\n"
                  "With --check every page is read and decoded, on all cores, and each range that cannot be "
                  "read is told.\n\n"
                  "  postmortem info vmcore\n"
                  "  postmortem info --check vmcore.gz\n"};
    syntax.options = {on_or_off("check", "read and decode every page"),
                      on_or_off("vmcoreinfo", "print VMCOREINFO, and nothing else")};
    syntax.reads_kernel = false;
    syntax.most_operands = 0;
    syntax.rules.exclusive = {{"check", "vmcoreinfo"}};
    syntax.rules.only_text = {"vmcoreinfo"};
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    Progress progress("pages checked:");
    postmortem::DumpInfoRequest request;
    request.open = arguments.open_options();
    request.check = arguments.has("check");
    request.checking = [&](std::uint64_t done, std::uint64_t all) { progress.show(done, all); };
    const auto info = postmortem::dump_information(arguments.dump, request);
    progress.clear();
    if (!info) return output.refuse(info.error());
    if (!arguments.has("vmcoreinfo")) return print(arguments, *info, output);
    return info->vmcoreinfo.empty() ? output.complain("info: the dump has no VMCOREINFO", nothing_found)
                                    : output.finish(postmortem::vmcoreinfo_to_text(*info), {});
}

}  // namespace

const Command info_command = {
    "info", "what a dump file is, what it holds, and with --check whether all of it can be read", syntax,
    nullptr, read};

}  // namespace tool
