#include <postmortem/swap_list.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP",
                  "Lists the swap areas and how full they were, as crash does.\n\n"
                  "  postmortem swap vmcore\n"};
    syntax.rules.surplus_from = 0;
    syntax.has_ndjson = true;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    return print(arguments, postmortem::swap_list(dump), output);
}

}  // namespace

const Command swap_command = {"swap", "swap areas", syntax, ask, nullptr};

}  // namespace tool
