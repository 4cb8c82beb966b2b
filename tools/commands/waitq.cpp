#include <postmortem/wait_queue.h>

#include "commands.h"

namespace tool {
namespace {

Syntax syntax() {
    Syntax syntax{"DUMP SYMBOL | STRUCT.MEMBER ADDRESS | ADDRESS",
                  "Lists the tasks that wait on a wait queue, as crash does.\n\n"
                  "  postmortem waitq vmcore log_wait\n"
                  "  postmortem waitq vmcore signal_struct.wait_chldexit ffff888c41229680\n"};
    syntax.most_operands = 2;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.rest.empty())
        return output.complain("waitq: no wait queue is named; see `postmortem waitq --help`");
    const auto queue = postmortem::wait_queue(dump, arguments.rest[0],
                                              arguments.rest.size() > 1 ? arguments.rest[1] : std::string());
    return queue ? print(arguments, *queue, output) : output.finish(queue.error());
}

}  // namespace

const Command waitq_command = {"waitq", "who waits on a wait queue", syntax, ask, nullptr};

}  // namespace tool
