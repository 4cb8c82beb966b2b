#include "commands.h"

namespace tool {
namespace {

using postmortem::BacktraceRequest;
using postmortem::BacktraceWriter;

postmortem::Result<BacktraceRequest> request_of(const Arguments& arguments) {
    BacktraceRequest request;
    using Which = BacktraceRequest::Which;
    const bool active = arguments.flag("active"), all = arguments.flag("all");
    if (active + all + !arguments.rest.empty() > 1)
        return postmortem::fail(postmortem::ErrorCode::InvalidArgument,
                                "bt: -a, --all and selectors exclude each other; see `postmortem bt --help`");
    if (active) request.which = Which::Active;
    if (all) request.which = Which::All;
    if (!arguments.rest.empty()) request.which = Which::Selected;
    request.selectors = arguments.rest;
    request.inlined = arguments.flag("inline");
    request.source_lines = arguments.flag("line") || request.inlined;
    return request;
}

BacktraceWriter::Format format_of(const Arguments& arguments) {
    if (arguments.ndjson) return BacktraceWriter::Format::Ndjson;
    return arguments.json ? BacktraceWriter::Format::Json : BacktraceWriter::Format::Text;
}

Syntax syntax() {
    namespace po = boost::program_options;
    Syntax syntax{
        "DUMP [PID|TASK|COMM...]",
        "Prints backtraces as crash does, innermost function first: of the task that brought the kernel "
        "down,\n"
        "of the tasks that are named (a pid, the address of a task_struct, a command name), or of more with\n"
        "an option. [The address] is where on the stack the return address lies; a ? marks a guess.\n\n"
        "  postmortem bt /var/crash/202611210239/vmcore\n"
        "  postmortem bt -a vmcore\n"
        "  postmortem bt vmcore 1 ffff8b26c1204180 sshd\n"};
    syntax.options.add_options()("active,a", po::bool_switch(), "the task that each CPU was running")(
        "all", po::bool_switch(), "every task (crash: foreach bt)")(
        "line,l", po::bool_switch(), "source file and line of each frame (needs a vmlinux with DWARF)")(
        "inline", po::bool_switch(), "the functions that were inlined into each frame, too");
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
