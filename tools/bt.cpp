#include "commands.h"

namespace tool {
namespace {

using postmortem::BacktraceRequest;
using postmortem::BacktraceWriter;

postmortem::Result<BacktraceRequest> request_of(const Arguments& arguments) {
    BacktraceRequest request;
    using Which = BacktraceRequest::Which;
    const bool active = arguments.has("active"), all = arguments.has("all");
    if (active + all + !arguments.rest.empty() > 1)
        return postmortem::fail(postmortem::ErrorCode::InvalidArgument,
                                "bt: -a, --all and selectors exclude each other; see `postmortem bt --help`");
    if (active) request.which = Which::Active;
    if (all) request.which = Which::All;
    if (!arguments.rest.empty()) request.which = Which::Selected;
    request.selectors = arguments.rest;
    request.inlined = arguments.has("inline");
    request.source_lines = arguments.has("line") || request.inlined;
    return request;
}

BacktraceWriter::Format format_of(const Arguments& arguments) {
    if (arguments.ndjson) return BacktraceWriter::Format::Ndjson;
    return arguments.json ? BacktraceWriter::Format::Json : BacktraceWriter::Format::Text;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM...]",
        "Prints backtraces as crash does, innermost function first: of the task that brought the kernel "
        "down,\n"
        "of the tasks that are named (a pid, the address of a task_struct, a command name), or of more with\n"
        "an option. [The address] is where on the stack the return address lies; a ? marks a guess.\n\n"
        "  postmortem bt /var/crash/202611210239/vmcore\n"
        "  postmortem bt -a vmcore\n"
        "  postmortem bt vmcore 1 ffff8b26c1204180 sshd\n"};
    syntax.options = {on_or_off("active,a", "the task that each CPU was running"),
                      on_or_off("all", "every task (crash: foreach bt)"),
                      on_or_off("line,l", "source file and line of each frame (needs a vmlinux with DWARF)"),
                      on_or_off("inline", "the functions that were inlined into each frame, too")};
    syntax.has_ndjson = true;
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto request = request_of(arguments);
    if (!request) return output.complain(request.error().message);
    output.expect_much();
    postmortem::BacktraceWriter writer(format_of(arguments));
    const auto problems = dump.visit_backtraces(
        *request, [&](const postmortem::Backtrace& trace) { output.write(writer.add(trace)); });
    return problems ? output.finish(writer.finish(*problems), *problems) : output.finish(problems.error());
}

}  // namespace

const Command bt_command = {"bt", "backtraces: the panic task's, the active tasks', any task's", syntax, ask,
                            nullptr};

}  // namespace tool
