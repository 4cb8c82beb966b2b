// Out of memory: every event of a log or of a dump's kernel log, or one of them on a screen.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <postmortem/crash_input.h>
#include <postmortem/oom.h>
#include <postmortem/oom_state.h>
#include <postmortem/render_oom.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::OomEventPrinter;
using postmortem::OomEventRequest;
using Which = OomEventRequest::Which;
using Format = OomEventRequest::Format;

std::optional<std::size_t> number_of(const std::string& word) {
    std::size_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc() || rest != end || number == 0) return std::nullopt;
    return number;
}

postmortem::Result<Which> which_of(const Arguments& arguments, Format format) {
    const auto wrong = [](std::string sentence) {
        return postmortem::fail(postmortem::ErrorCode::InvalidArgument, "oom: " + std::move(sentence));
    };
    if (arguments.has("tree")) {
        if (format == Format::Ndjson) return wrong("--tree has no --ndjson, take --json");
        return Which::Tree;
    }
    if (!arguments.has("event")) return format == Format::Text ? Which::ListAndLast : Which::All;
    const std::string word = arguments.text("event");
    if (word == "all") return Which::All;
    if (word == "last") return Which::Last;
    if (number_of(word)) return Which::Number;
    return wrong(fmt::format("--event takes a number from 1, all or last, not '{}'", word));
}

postmortem::Result<OomEventRequest> request_of(const Arguments& arguments, const Output& output) {
    OomEventRequest request;
    request.format = arguments.ndjson ? Format::Ndjson : arguments.json ? Format::Json : Format::Text;
    const auto which = which_of(arguments, request.format);
    if (!which) return postmortem::fail(which.error());
    request.which = *which;
    request.number = number_of(arguments.text("event")).value_or(0);
    request.text.sort_by = arguments.text("sort");
    request.text.processes = arguments.has("all") ? SIZE_MAX : arguments.number("top");
    request.text.bars = output.to_terminal();
    return request;
}

// What the events that were found make of a question that was well put.
int exit_code_of(const OomEventRequest& request, const OomEventPrinter& printer, bool has_state,
                 Output& output) {
    if (printer.found() == 0)
        return has_state ? whole_answer : output.complain("there is no OOM event in the log", nothing_found);
    if (request.which == Which::Tree) return whole_answer;
    if (request.which == Which::Number && request.number > printer.found())
        return output.complain(
            fmt::format("oom: there is no event {}, the log has {}", request.number, printer.found()));
    if (!request.text.sort_by.empty() && !printer.sortable() && !has_state)
        return output.complain(
            fmt::format("oom: no process table shown has a column '{}'", request.text.sort_by));
    return printer.gaps() ? partial_answer : whole_answer;
}

std::optional<postmortem::Error> print_events(postmortem::OomLogReader& reader, OomEventPrinter& printer,
                                              Output& output) {
    while (auto event = reader.next()) {
        output.write(printer.add(std::move(*event)));
        if (printer.complete()) break;
    }
    return reader.error();
}

postmortem::Problems problems_of(const postmortem::KernelLog& log, const postmortem::OomState& state) {
    postmortem::Problems problems = log.problems;
    for (const postmortem::Error& problem : state.problems)
        if (std::none_of(problems.begin(), problems.end(),
                         [&](const postmortem::Error& known) { return known.message == problem.message; }))
            problems.push_back(problem);
    return problems;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP|LOG|-",
        "Says what the OOM killer did and why: what ran out, in which cgroup, who was killed and whether\n"
        "that was the right one, who held the memory, and what to do next. A LOG may have any prefix and\n"
        "be compressed; - is standard input. Of several events the last is shown, below a list of all.\n\n"
        "  postmortem oom /var/log/messages\n"
        "  journalctl -k | postmortem oom -\n"
        "  postmortem oom --event 2 --sort swapents --top 30 vmcore\n\n"
        "Of a dump the memory itself is asked, too, whatever its log says.\n"
        "Exit status 4: a log without an OOM event.\n"};
    syntax.most_operands = 0;
    syntax.input = "dump or log";
    syntax.options = {text("event", "N", "show the Nth event, or all of them, or the last"),
                      text("sort", "COLUMN",
                           "sort the processes by a column of the kernel's own table, such as rss, swapents, "
                           "oom_score_adj, name"),
                      number("top", 10, "processes shown"), on_or_off("all", "show every process"),
                      on_or_off("tree", "the cgroups of all events as a tree: limits met, processes killed")};
    syntax.has_ndjson = true;
    syntax.rules.exclusive = {{"top", "all"}};
    syntax.rules.alone = {{"tree"}};
    return syntax;
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto request = request_of(arguments, output);
    if (!request) return output.complain(request.error().message);
    OomEventPrinter printer(*request);
    const postmortem::KernelLog log = dump.log();
    const std::string text = postmortem::to_text(log);
    postmortem::OomLogReader reader(text);
    print_events(reader, printer, output);
    const postmortem::OomState state = dump.oom_state();
    const postmortem::Problems problems = problems_of(log, state);
    const bool has_none =
        state.cgroups_missing && state.cgroups_missing->code == postmortem::ErrorCode::NotFound;
    if (request->which == Which::Tree && has_none)
        return output.complain("there is no tree of control groups: " + state.cgroups_missing->message,
                               nothing_found);
    const int written = output.finish(printer.finish(problems, &state), problems);
    return written == whole_answer ? exit_code_of(*request, printer, true, output) : written;
}

int read(const Arguments& arguments, Output& output) {
    const auto request = request_of(arguments, output);
    if (!request) return output.complain(request.error().message);
    OomEventPrinter printer(*request);
    auto reader = postmortem::OomLogReader::open(arguments.dump);
    if (!reader) return output.refuse(reader.error());
    postmortem::Problems problems;
    if (auto error = print_events(*reader, printer, output)) {
        if (error->code == postmortem::ErrorCode::Unsupported) return output.refuse(*error);
        problems.push_back(std::move(*error));
    }
    const int written = output.finish(printer.finish(problems, nullptr, reader->shape()), problems);
    return written == whole_answer ? exit_code_of(*request, printer, false, output) : written;
}

}  // namespace

const Command oom_command = {"oom", "who ate the memory: the OOM reports of a log or a dump", syntax, ask,
                             read};

}  // namespace tool
