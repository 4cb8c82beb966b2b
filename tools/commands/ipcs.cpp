#include <algorithm>

#include <postmortem/ipc_list.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{
        "DUMP [ID|ADDRESS...]",
        "Lists shared memory, semaphores and message queues of System V IPC as crash does: those that the\n"
        "first process sees.\n\n"
        "  postmortem ipcs vmcore\n"
        "  postmortem ipcs -M vmcore 32769\n"};
    syntax.options = {
        on_or_off("semaphores,s", "semaphores alone"), on_or_off("memory,m", "shared memory alone"),
        on_or_off("details,M", "shared memory alone, with pages and inode"),
        on_or_off("queues,q", "message queues alone"),
        text("namespace,n", "TASK", "those that this task sees: a pid, or the address of a task_struct")};
    return syntax;
}

postmortem::IpcPrinting printing_of(const Arguments& arguments) {
    postmortem::IpcPrinting printing;
    printing.details = arguments.has("details");
    printing.selected = !arguments.rest.empty();
    const bool memory = arguments.has("memory") || printing.details;
    if (memory || arguments.has("semaphores") || arguments.has("queues")) {
        printing.shared_memory = memory;
        printing.semaphores = arguments.has("semaphores");
        printing.message_queues = arguments.has("queues");
    }
    return printing;
}

// Those that are named one after the other, as crash prints them.
int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.size() > 1 && !arguments.json) {
        int worst = whole_answer;
        for (const std::string& word : arguments.rest) {
            Arguments about_one = arguments;
            about_one.rest = {word};
            worst = std::max(worst, ask(dump, about_one, output));
        }
        return worst;
    }
    const auto list = postmortem::ipc_list(dump, {arguments.text("namespace"), arguments.rest});
    if (!list) return output.finish(list.error());
    if (arguments.json) return print(arguments, *list, output);
    return output.finish(postmortem::to_text(*list, printing_of(arguments)), list->problems);
}

}  // namespace

const Command ipcs_command = {"ipcs", "System V IPC", syntax, ask, nullptr};

}  // namespace tool
