#include <charconv>

#include <postmortem/stack_checks.h>

#include "commands.h"
#include "cpu_list.h"

namespace tool {
namespace {

using postmortem::BacktraceRequest;
using postmortem::BacktraceWriter;

using Which = BacktraceRequest::Which;
using postmortem::StackView;

tl::unexpected<postmortem::Error> wrong(std::string sentence) {
    return postmortem::fail(postmortem::ErrorCode::InvalidArgument,
                            "bt: " + std::move(sentence) + "; see `postmortem bt --help`");
}

postmortem::Result<void> choose_tasks(const Arguments& arguments, BacktraceRequest& request) {
    const bool active = arguments.has("active"), all = arguments.has("all"), cpus = arguments.has("cpus"),
               panic = arguments.has("panic-task");
    if (active) request.which = Which::Active;
    if (all) request.which = Which::All;
    if (!arguments.rest.empty()) request.which = Which::Selected;
    if (cpus) {
        const auto chosen = cpus_of(arguments.text("cpus"));
        if (!chosen)
            return wrong("-c takes CPUs such as 3 or 1,8,9-14, not '" + arguments.text("cpus") + "'");
        request.cpus = *chosen;
        request.which = chosen->empty() ? Which::Active : Which::OnCpus;
    }
    request.selectors = arguments.rest;
    const bool none_named = !active && !all && !cpus && !panic && arguments.rest.empty();
    if (none_named && !arguments.context.empty()) {
        request.which = Which::Selected;
        request.selectors = {arguments.context};
    }
    request.thread_group = arguments.has("thread-group");
    if (!arguments.has("no")) return {};
    if (arguments.text("no") != "idle") return wrong("-n leaves out 'idle' tasks, and no others");
    request.skip_idle = true;
    return {};
}

postmortem::Result<std::optional<std::uint64_t>> address_of(const Arguments& arguments, const char* option) {
    if (!arguments.has(option)) return std::nullopt;
    const std::string given = arguments.text(option);
    const std::string word = given.starts_with("0x") ? given.substr(2) : given;
    std::uint64_t address = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), address, 16);
    if (error != std::errc() || rest != word.data() + word.size())
        return wrong(std::string("--") + option + " takes an address in hexadecimal, not '" + given + "'");
    return address;
}

postmortem::Result<void> choose_view(const Arguments& arguments, BacktraceRequest& request) {
    constexpr std::pair<const char*, StackView> views[] = {{"raw", StackView::Raw},
                                                           {"text", StackView::Text},
                                                           {"old-method", StackView::Text},
                                                           {"whole-text", StackView::WholeText},
                                                           {"exception-frames", StackView::SavedFrames}};
    for (const auto& [option, view] : views)
        if (arguments.has(option)) request.view = view;
    if (arguments.has("full")) request.frame_data = BacktraceRequest::FrameData::Words;
    if (arguments.has("symbolic")) request.frame_data = BacktraceRequest::FrameData::Symbols;
    request.reference = arguments.text("reference");
    for (const auto& [option, place] :
         {std::pair{"start-ip", &request.start_ip}, {"start-sp", &request.start_sp}}) {
        const auto address = address_of(arguments, option);
        if (!address) return postmortem::fail(address.error());
        *place = *address;
    }
    return {};
}

postmortem::Result<BacktraceRequest> request_of(const Arguments& arguments) {
    BacktraceRequest request;
    for (const auto choose : {choose_tasks, choose_view})
        if (auto done = choose(arguments, request); !done) return postmortem::fail(std::move(done.error()));
    request.inlined = arguments.has("inline");
    request.source_lines = arguments.has("line") || request.inlined;
    return request;
}

postmortem::BacktracePrinting printing_of(const Arguments& arguments) {
    postmortem::BacktracePrinting how;
    how.offsets = arguments.has("offsets");
    how.hexadecimal = arguments.has("hexadecimal");
    how.cache_addresses = arguments.texts("symbolic").size() > 1;
    how.numbered_text = arguments.has("old-method");
    how.blank_line_after = arguments.has("reference");
    return how;
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
    syntax.options = {
        on_or_off("active,a", "the task that each CPU was running"),
        text("cpus,c", "CPUS", "the tasks that these CPUs were running: 3, or 1,8,9-14"),
        on_or_off("panic-task,p", "the panic task"),
        on_or_off("all", "every task (crash: foreach bt)"),
        on_or_off("thread-group,g", "all threads of the task's group, the leader first"),
        text("no,n", "idle", "leave idle tasks out"),
        on_or_off("line,l", "source file and line of each frame (needs a vmlinux with DWARF)"),
        on_or_off("inline", "the functions that were inlined into each frame, too"),
        on_or_off("offsets,s", "how far each return address lies in its function"),
        on_or_off("hexadecimal,x", "with -s: in hexadecimal"),
        on_or_off("decimal,d", "with -s: in decimal"),
        on_or_off("full,f", "the stack of each frame, word by word"),
        counted("symbolic,F",
                "the same with symbols and the names of slab caches; given twice, with the addresses, too"),
        on_or_off("raw,r", "the whole stack, word by word"),
        on_or_off("text,t", "every address in text on the stack, from where the task was"),
        on_or_off("whole-text,T", "the same of the whole stack"),
        on_or_off("old-method,o", "the same as -t, numbered: stale return addresses among the true ones"),
        on_or_off("exception-frames,e", "what looks like saved registers on the stack"),
        on_or_off("exception-stacks,E",
                  "the same on the CPUs' interrupt and exception stacks; -c chooses CPUs"),
        on_or_off("overflows,v", "look for signs of overflow on the stacks of all tasks"),
        text("reference,R", "REF",
             "only backtraces in which a function of this name occurs, or this number in hexadecimal"),
        text("start-ip,I", "ADDRESS",
             "start from this instruction; without -S from where the stack holds it"),
        text("start-sp,S", "ADDRESS", "start from the first return address at or above this place")};
    syntax.has_ndjson = true;
    syntax.rules.covers = {
        {"overflows"},
        {"exception-frames", {"full", "symbolic", "offsets", "start-ip", "start-sp"}},
        {"whole-text", {"full", "symbolic", "start-ip", "start-sp"}},
        {"text", {"full", "symbolic"}},
        {"raw", {"full", "symbolic", "offsets", "line", "inline", "start-ip"}},
        {"exception-stacks",
         {"active", "panic-task", "thread-group", "text", "whole-text", "exception-frames"}},
        {"exception-stacks", {"full", "symbolic", "offsets", "start-ip", "start-sp", "reference", "no"}}};
    syntax.rules.ranks = {{"raw", "exception-frames", "whole-text", "text", "old-method"},
                          {"cpus", "active", "panic-task"}};
    syntax.rules.drops_operands = {"active", "cpus", "exception-stacks", "overflows"};
    syntax.rules.yields_to_operands = {"panic-task"};
    syntax.rules.exclusive = {{"active", "all"},         {"cpus", "all"},
                              {"panic-task", "all"},     {"active", "thread-group"},
                              {"cpus", "thread-group"},  {"all", "thread-group"},
                              {"old-method", "full"},    {"old-method", "symbolic"},
                              {"raw", "symbolic"},       {"raw", "start-sp"},
                              {"hexadecimal", "decimal"}};
    syntax.rules.alone = {{"exception-stacks", {"cpus"}}};
    syntax.rules.without_operands = {"all"};
    syntax.rules.not_in_foreach = {"active",           "cpus",      "panic-task", "all",     "thread-group",
                                   "exception-stacks", "overflows", "start-ip",   "start-sp"};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (arguments.has("overflows")) return print(arguments, postmortem::check_stacks(dump), output);
    const auto request = request_of(arguments);
    if (!request) return output.complain(request.error().message);
    if (arguments.has("exception-stacks")) {
        const auto scan = postmortem::scan_cpu_stacks(dump, request->cpus);
        return scan ? print(arguments, *scan, output) : output.finish(scan.error());
    }
    output.expect_much();
    postmortem::BacktraceWriter writer(format_of(arguments), printing_of(arguments));
    const auto problems = dump.visit_backtraces(
        *request, [&](const postmortem::Backtrace& trace) { output.write(writer.add(trace)); });
    return problems ? output.finish(writer.finish(*problems), *problems) : output.finish(problems.error());
}

}  // namespace

const Command bt_command = {"bt", "backtraces: the panic task's, the active tasks', any task's", syntax, ask,
                            nullptr};

}  // namespace tool
