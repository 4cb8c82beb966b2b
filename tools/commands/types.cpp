#include <fmt/format.h>

#include <postmortem/type_file.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "VMLINUX...",
        "Makes a type file of a vmlinux with debug information: the layouts of those structs that the "
        "other commands\n"
        "ask for, in some ten kilobytes. With it, dumps of a kernel that was built without BTF are read "
        "as fast and\n"
        "as fully as others, wherever they are.\n\n"
        "It is looked for beside the dump, in ~/.cache/postmortem/types, in "
        "/usr/share/postmortem/types, and with --types.\n\n"
        "  postmortem types /usr/lib/debug/lib/modules/3.10.0-1160.el7.x86_64/vmlinux\n"
        "  postmortem types -o /srv/types vmlinux-4.18.0 vmlinux-5.14.0\n"};
    syntax.options = {text("output,o", "FILE|DIR", "where to write it (~/.cache/postmortem/types)")};
    syntax.reads_kernel = false;
    syntax.needs_input = false;
    syntax.has_json = false;
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    const std::string target = arguments.text("output");
    std::error_code unknown;
    if (arguments.rest.empty())
        return output.complain("types: no vmlinux is named; see `postmortem types --help`");
    if (arguments.rest.size() > 1 && !target.empty() && !std::filesystem::is_directory(target, unknown))
        return output.complain("types: several files are made in a folder; say with -o which");
    std::string made;
    for (const std::string& vmlinux : arguments.rest) {
        const auto file = postmortem::make_type_file(vmlinux, target);
        if (!file) return output.refuse(file.error());
        made += fmt::format("{}: {:.1f} kB, kernel {}, build-id {}, from {}\n", file->path.string(),
                            static_cast<double>(file->bytes) / 1e3,
                            file->release.empty() ? "unknown" : file->release,
                            file->build_id.empty() ? "unknown" : file->build_id, file->origin);
    }
    return output.finish(made, {});
}

}  // namespace

const Command types_command = {"types", "make a type file of a vmlinux: all that dumps need of it", syntax,
                               nullptr, read};

}  // namespace tool
