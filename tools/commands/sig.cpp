#include <postmortem/task_signals.h>

#include "address_word.h"
#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM|'REGEX'...]",
        "Shows how tasks handle signals and which wait for them, as crash does: of the task that brought\n"
        "the kernel down, or of those that are selected.\n\n"
        "  postmortem sig vmcore 1\n"
        "  postmortem sig -s 800A000000000201\n"};
    syntax.without_input = {"list", "set"};
    syntax.has_ndjson = true;
    syntax.options = {on_or_off("groups,g", "of all threads of the task's process"),
                      on_or_off("list,l", "the signals, by number"),
                      text("set,s", "SET", "the names of the signals in a set")};
    syntax.rules.first_given = {{"list", "set"}};
    syntax.rules.covers = {{"list", {"groups"}}, {"set", {"groups"}}};
    syntax.rules.not_in_foreach = {"list", "set"};
    syntax.rules.only_text = {"list", "set"};
    return syntax;
}

int tell_names(const Arguments& arguments, Output& output);

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("list") || arguments.has("set")) return tell_names(arguments, output);
    postmortem::SignalRequest request;
    request.which.selectors = arguments.tasks();
    request.groups = arguments.has("groups");
    const auto list = postmortem::task_signals(dump, request);
    if (!list) return output.finish(list.error());
    if (arguments.json || arguments.ndjson) return print(arguments, *list, output);
    return output.finish(postmortem::to_text(*list, {request.groups, arguments.in_foreach}), list->problems);
}

// What no dump is needed for.
int tell_names(const Arguments& arguments, Output& output) {
    if (arguments.has("list")) return output.finish(postmortem::signal_names_text(), {});
    const auto set = address_of(arguments.text("set"));
    if (!set)
        return output.complain("sig: -s takes a hexadecimal set of signals, not '" + arguments.text("set") +
                               "'");
    return output.finish(postmortem::signal_set_text(*set), {});
}

}  // namespace

const Command sig_command = {"sig", "signals of tasks", syntax, ask, tell_names};

}  // namespace tool
