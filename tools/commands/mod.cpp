#include <postmortem/loaded_modules.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Lists the modules that were loaded, as crash does, by address. --json adds state, "
                  "references, users\n"
                  "and taints, as /proc/modules has them.\n\n"
                  "  postmortem mod vmcore\n"
                  "  postmortem mod -t vmcore\n"};
    syntax.most_operands = 0;
    syntax.has_ndjson = true;
    syntax.options = {on_or_off("taints,t", "those alone that taint the kernel, and how")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const postmortem::LoadedModules modules = postmortem::loaded_modules(dump);
    if (arguments.json || arguments.ndjson || !arguments.has("taints"))
        return print(arguments, modules, output);
    return output.finish(postmortem::taints_to_text(modules), modules.problems);
}

}  // namespace

const Command mod_command = {"mod", "which modules were loaded", syntax, ask, nullptr};

}  // namespace tool
