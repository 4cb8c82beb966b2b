#include <cstdio>

#include "commands.h"

namespace tool {

int bt(const std::vector<std::string>& words) {
    namespace po = boost::program_options;
    Syntax syntax{
        "bt", "DUMP [PID|TASK|COMM...]",
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
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    postmortem::BacktraceRequest request;
    using Which = postmortem::BacktraceRequest::Which;
    const bool active = arguments->flag("active"), all = arguments->flag("all");
    if (active + all + !arguments->rest.empty() > 1)
        return complain("bt: -a, --all and selectors exclude each other; see `postmortem bt --help`");
    if (active) request.which = Which::Active;
    if (all) request.which = Which::All;
    if (!arguments->rest.empty()) request.which = Which::Selected;
    request.selectors = arguments->rest;
    request.inlined = arguments->flag("inline");
    request.source_lines = arguments->flag("line") || request.inlined;
    const auto dump = open_dump(*arguments, code);
    if (!dump) return code;
    std::setvbuf(stdout, nullptr, _IOFBF, 1 << 16);  // megabytes may follow
    using postmortem::BacktraceWriter;
    BacktraceWriter writer(arguments->ndjson ? BacktraceWriter::Format::Ndjson
                           : arguments->json ? BacktraceWriter::Format::Json
                                             : BacktraceWriter::Format::Text);
    const auto problems = dump->visit_backtraces(request, [&](const postmortem::Backtrace& trace) {
        const std::string part = writer.add(trace);
        std::fwrite(part.data(), 1, part.size(), stdout);  // finish() notices where this fails
    });
    return problems ? finish(writer.finish(*problems), *problems) : finish(problems.error());
}

}  // namespace tool
