// Out of memory: every event of a log or of a dump's kernel log, or one of them on a screen.
#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include <postmortem/crash_input.h>
#include <postmortem/oom.h>
#include <postmortem/oom_state.h>
#include <postmortem/render.h>
#include <postmortem/render_oom.h>

#include "commands.h"

namespace tool {
namespace {

using postmortem::OomEvent;
using postmortem::OomVerdict;

constexpr std::size_t last_event = 0;

struct Request {
    bool all_events = false;
    bool list = false;  // nothing was asked for: a list, and the last event
    std::size_t event = last_event;
    bool tree = false;
    bool json = false;
    bool lines = false;  // of JSON, one for each event
    postmortem::OomTextOptions text;
};

void write(const std::string& part) {
    std::fwrite(part.data(), 1, part.size(), stdout);  // finish() notices where this fails
}

// Tells whether the wanted column is one that some event has.
bool has_column(const OomEvent& event, const std::string& column) {
    const auto& columns = event.task_table.columns;
    return column == "pid" || std::find(columns.begin(), columns.end(), column) != columns.end();
}

// Prints events as they come; what it keeps does not grow with their number.
class Answer {
  public:
    explicit Answer(Request request) : request_(std::move(request)) {}

    void add(OomEvent event) {
        ++found_;
        if (request_.tree) return tree_.add(event);
        if (request_.all_events || request_.event == found_) return show(event, found_);
        if (request_.event != last_event) return;
        if (request_.list && kept_) list(*kept_, found_ - 1);
        kept_ = std::move(event);
    }

    bool complete() const {
        return request_.event != last_event && found_ >= request_.event && !request_.json;
    }

    /// `state`: what a dump's memory says beside its log.
    int finish(const postmortem::Problems& problems, const postmortem::OomState* state = nullptr) {
        if (request_.tree) return state ? finish_groups(*state, problems) : finish_tree(problems);
        if (kept_) {
            if (request_.list && found_ > 1) {
                list(*kept_, found_);
                write(fmt::format("\n--event N shows another than the last, --event all every one\n\n"));
            }
            show(*kept_, found_);
        }
        if (request_.json) write(json_.finish(found_, problems, state));
        if (!request_.json && !request_.lines && state) show(*state);
        const int written = tool::finish("", problems);
        if (written != whole_answer) return written;
        if (found_ == 0 && state) return whole_answer;
        if (found_ == 0) return complain("there is no OOM event in the log", nothing_found);
        if (request_.event != last_event && request_.event > found_)
            return complain(fmt::format("oom: there is no event {}, the log has {}", request_.event, found_));
        if (!request_.text.sort_by.empty() && !sortable_ && !state)
            return complain(
                fmt::format("oom: no process table shown has a column '{}'", request_.text.sort_by));
        return gaps_ ? partial_answer : whole_answer;
    }

  private:
    void show(const OomEvent& event, std::size_t number) {
        const OomVerdict verdict = postmortem::explain(event);
        gaps_ = gaps_ || !event.problems.empty();
        sortable_ = sortable_ || has_column(event, request_.text.sort_by);
        if (request_.lines) return write(postmortem::to_json(event, verdict, number) + '\n');
        if (request_.json) return write(json_.add(event, verdict, number));
        if (shown_++ != 0) write("\n\n");
        write(postmortem::to_text(event, verdict, number, request_.text));
    }

    void show(const postmortem::OomState& state) const {
        write(found_ == 0 ? "There is no OOM event in the log.\n\n" : "\n\n");
        write(postmortem::to_text(state, request_.text));
    }

    void list(const OomEvent& event, std::size_t number) {
        write(postmortem::one_line(event, postmortem::explain(event), number));
    }

    int finish_groups(const postmortem::OomState& state, const postmortem::Problems& problems) const {
        if (!state.cgroups)
            return complain("the kernel had no memory controller, hence no tree of control groups",
                            nothing_found);
        postmortem::CgroupTreeStyle style;
        style.bars = request_.text.bars;
        return tool::finish(
            request_.json ? postmortem::to_json(*state.cgroups) : postmortem::to_text(*state.cgroups, style),
            problems);
    }

    int finish_tree(const postmortem::Problems& problems) {
        const postmortem::OomCgroupTree tree = tree_.finish();
        const int written =
            tool::finish(request_.json ? postmortem::to_json(tree) : postmortem::to_text(tree), problems);
        if (written == whole_answer && found_ == 0)
            return complain("there is no OOM event in the log", nothing_found);
        return written;
    }

    Request request_;
    std::optional<OomEvent> kept_;
    postmortem::OomJsonWriter json_;
    postmortem::OomCgroupTreeBuilder tree_;
    std::size_t found_ = 0;
    std::size_t shown_ = 0;
    bool gaps_ = false;
    bool sortable_ = false;
};

std::optional<std::size_t> number_of(const std::string& word) {
    std::size_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, number);
    if (error != std::errc() || rest != end || number == 0) return std::nullopt;
    return number;
}

std::optional<Request> request_of(const Arguments& arguments, int& code) {
    Request request;
    request.json = arguments.json;
    request.lines = arguments.ndjson;
    request.tree = arguments.flag("tree");
    if (request.tree && request.lines) {
        code = complain("oom: --tree has no --ndjson, take --json");
        return std::nullopt;
    }
    if (arguments.has("event")) {
        const auto word = arguments.options["event"].as<std::string>();
        request.all_events = word == "all";
        const auto number = number_of(word);
        if (!request.all_events && word != "last" && !number) {
            code = complain(fmt::format("oom: --event takes a number from 1, all or last, not '{}'", word));
            return std::nullopt;
        }
        request.event = number.value_or(last_event);
    } else {
        request.all_events = request.json || request.lines;
        request.list = !request.all_events;
    }
    if (arguments.has("sort")) request.text.sort_by = arguments.options["sort"].as<std::string>();
    request.text.processes = arguments.flag("all") ? SIZE_MAX : arguments.options["top"].as<std::size_t>();
    request.text.bars = ::isatty(STDOUT_FILENO) != 0;
    return request;
}

std::optional<postmortem::Error> collect(postmortem::OomLogReader& reader, Answer& answer) {
    while (auto event = reader.next()) {
        answer.add(std::move(*event));
        if (answer.complete()) break;
    }
    return reader.error();
}

int read_log(postmortem::OomLogReader reader, Answer& answer) {
    postmortem::Problems problems;
    if (auto error = collect(reader, answer)) problems.push_back(std::move(*error));
    return answer.finish(problems);
}

int read_dump(const postmortem::CrashDump& dump, Answer& answer) {
    const postmortem::KernelLog log = dump.log();
    const std::string text = postmortem::to_text(log);
    postmortem::OomLogReader reader(text);
    collect(reader, answer);
    const postmortem::OomState state = dump.oom_state();
    postmortem::Problems problems = log.problems;
    for (const postmortem::Error& problem : state.problems)
        if (std::none_of(problems.begin(), problems.end(),
                         [&](const postmortem::Error& known) { return known.message == problem.message; }))
            problems.push_back(problem);
    return answer.finish(problems, &state);
}

}  // namespace

int oom(const std::vector<std::string>& words) {
    namespace po = boost::program_options;
    Syntax syntax{
        "oom", "DUMP|LOG|-",
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
    syntax.has_ndjson = true;
    syntax.options.add_options()("event", po::value<std::string>()->value_name("N"),
                                 "show the Nth event, or all of them, or the last")(
        "sort", po::value<std::string>()->value_name("COLUMN"),
        "sort the processes by a column of the kernel's own table, such as rss, swapents, oom_score_adj, "
        "name")("top", po::value<std::size_t>()->value_name("N")->default_value(10), "processes shown")(
        "all", po::bool_switch(), "show every process")(
        "tree", po::bool_switch(), "the cgroups of all events as a tree: limits met, processes killed");
    auto [arguments, code] = parse(syntax, words);
    if (!arguments) return code;
    const auto request = request_of(*arguments, code);
    if (!request) return code;
    Answer answer(*request);
    const auto input = postmortem::find_crash_input(arguments->dump);
    if (!input) return refuse(input.error());
    if (input->is_dump) {
        postmortem::OpenOptions options;
        if (arguments->vmlinux) options.vmlinux = *arguments->vmlinux;
        const auto dump = postmortem::CrashDump::open(input->path, options);
        return dump ? read_dump(*dump, answer) : refuse(dump.error());
    }
    auto reader = postmortem::OomLogReader::open(input->path);
    if (!reader) return refuse(reader.error());
    return read_log(std::move(*reader), answer);
}

}  // namespace tool
