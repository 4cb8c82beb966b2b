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
    syntax.rules.surplus_from = 0;
    syntax.has_ndjson = true;
    // Crash's -g and -o are about modules' object files, which it lists without reading them, too.
    syntax.options = {on_or_off("taints,t", "those alone that taint the kernel, and how"),
                      on_or_off("sections,g", "changes nothing: object files of modules are not read here"),
                      on_or_off("old,o", "the same")};
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
