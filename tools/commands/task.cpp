#include <postmortem/task_structs.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP [PID|TASK|COMM|'REGEX'...] [MEMBER,...]",
                  "Shows what the task_struct and the thread_info of tasks held, or single members of them, "
                  "as crash does:\n"
                  "of the task that brought the kernel down, or of those that are selected.\n\n"
                  "  postmortem task -R pid,comm,se.on_rq vmcore 1\n"
                  "  postmortem foreach vmcore UN task -R __state,on_cpu\n"};
    syntax.has_ndjson = true;
    syntax.shows_types = true;
    syntax.options = {texts("reference,R", "MEMBER[,MEMBER]", "these members alone"),
                      on_or_off("hex,x", "numbers in hexadecimal"),
                      on_or_off("decimal,d", "numbers in decimal, as they are without this option")};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    postmortem::TaskStructRequest request;
    request.words = arguments.tasks();
    request.members = arguments.texts("reference");
    const auto structs = postmortem::task_structs(dump, request);
    if (!structs) return output.finish(structs.error());
    output.expect_much();
    if (arguments.json || arguments.ndjson) return print(arguments, *structs, output);
    return output.finish(postmortem::to_text(*structs, arguments.has("hex")), structs->problems);
}

}  // namespace

const Command task_command = {"task", "what a task_struct held, or members of it", syntax, ask, nullptr};

}  // namespace tool
