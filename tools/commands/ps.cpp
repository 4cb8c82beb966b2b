#include <postmortem/process_status.h>

#include "commands.h"
#include "cpu_list.h"

namespace tool {
namespace {

using postmortem::ProcessRequest;
using postmortem::ProcessStyle;
using Part = ProcessRequest::Part;

struct Way {
    const char* option;
    ProcessStyle style;
    Part part;
};

// crash, too, takes one of these at most.
constexpr Way ways[] = {
    {"strings", ProcessStyle::Strings, Part::Strings},
    {"times", ProcessStyle::Times, Part::Times},
    {"children", ProcessStyle::Children, Part::Children},
    {"parents", ProcessStyle::Ancestors, Part::Ancestors},
    {"group", ProcessStyle::Group, Part::Group},
    {"last-run", ProcessStyle::LastRun, Part::LastRun},
    {"milliseconds", ProcessStyle::Milliseconds, Part::LastRun},
    {"summary", ProcessStyle::Summary, Part::None},
    {"limits", ProcessStyle::Limits, Part::Limits},
    {"active", ProcessStyle::Table, Part::None},
    {"policies", ProcessStyle::Policy, Part::Policy},
};

// What is wrong with the options as a whole; empty where nothing is.
std::string wrong_combination(const Arguments& arguments) {
    int exclusive = 0;
    for (const Way& way : ways) exclusive += arguments.has(way.option);
    if (exclusive > 1)
        return "-a, -t, -c, -p, -g, -l, -m, -S, -r, -A and -Y flags are all mutually-exclusive";
    if (arguments.has("user") && arguments.has("kernel")) return "-u and -k are mutually exclusive";
    const bool runs = arguments.has("last-run") || arguments.has("milliseconds");
    if (runs && arguments.has("group-leaders"))
        return std::string("-G not supported with -") + (arguments.has("last-run") ? 'l' : 'm') + " option";
    if (arguments.has("cpus") && !runs) return "-C option is only applicable with -l and -m";
    if (arguments.has("cpus") && !arguments.rest.empty())
        return "-C option is not applicable with specified tasks";
    if (!arguments.has("summary")) return {};
    if (!arguments.rest.empty()) return "-S option takes no arguments";
    for (const char* other : {"user", "kernel", "group-leaders", "no-idle"})
        if (arguments.has(other)) return "-S option cannot be used with other options";
    return {};
}

std::vector<std::string> words_between_commas(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t start = 0; start <= text.size();) {
        const std::size_t comma = std::min(text.find(',', start), text.size());
        words.push_back(text.substr(start, comma - start));
        start = comma + 1;
    }
    return words;
}

postmortem::TaskChoice choice_of(const Arguments& arguments) {
    postmortem::TaskChoice choice;
    choice.selectors = arguments.rest;
    if (arguments.has("kernel")) choice.kind = postmortem::TaskChoice::Kind::Kernel;
    if (arguments.has("user")) choice.kind = postmortem::TaskChoice::Kind::User;
    choice.group_leaders = arguments.has("group-leaders");
    choice.active = arguments.has("active") && arguments.rest.empty();  // as crash: who is named is shown
    choice.without_idle = arguments.has("no-idle");
    if (arguments.has("policy")) choice.policies = words_between_commas(arguments.text("policy"));
    return choice;
}

Syntax syntax() {
    Syntax syntax{
        "DUMP [PID|TASK|COMM|'REGEX'...]",
        "Lists the tasks, threads included, as crash does: > marks the one that a CPU was running,\n"
        "[brackets] a kernel thread; VSZ and RSS are in KiB.\n\n"
        "A selector is a pid, the address of a task_struct, a command name, or a POSIX extended regular\n"
        "expression for names; \\NAME is a name in any case:\n"
        "  postmortem ps /var/crash/202611210239/vmcore\n"
        "  postmortem ps vmcore 1 ffff8b26c1204180 sshd 'kworker/[0-3].*'\n"};
    syntax.has_ndjson = true;
    syntax.options = {
        on_or_off("kernel,k", "kernel threads alone"),
        on_or_off("user,u", "user tasks alone"),
        on_or_off("group-leaders,G", "the first thread of each process alone"),
        text("policy,y", "POLICY", "tasks of these scheduling policies: FIFO,RR or 1,2"),
        on_or_off("no-idle,I", "no idle tasks"),
        on_or_off("stack,s", "the kernel stack pointer in place of the task's address"),
        on_or_off("parents,p", "each task's ancestors"),
        on_or_off("children,c", "each task's children"),
        on_or_off("times,t", "run time, start time, user and system time"),
        on_or_off("last-run,l", "when each task last came to a CPU, the latest first"),
        on_or_off("milliseconds,m", "how long ago that was"),
        text("cpus,C", "CPUS", "with -l and -m: in a block for each of these CPUs, or of all (a)"),
        on_or_off("strings,a", "command lines and environments, from the tasks' own memory"),
        on_or_off("group,g", "tasks by thread group"),
        on_or_off("limits,r", "resource limits"),
        on_or_off("summary,S", "how many tasks are in which state"),
        on_or_off("active,A", "the task that each CPU was running"),
        on_or_off("policies,Y", "scheduling policy and priority"),
        on_or_off("no-header,H", "no header line"),
    };
    for (const char* other : {"strings", "times", "children", "parents", "group", "last-run", "milliseconds",
                              "summary", "limits"})
        syntax.rules.covers.push_back({other, {"stack"}});
    return syntax;
}

int list_plainly(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    const auto list = postmortem::chosen_task_list(dump, choice_of(arguments));
    return list ? print(arguments, *list, output) : output.finish(list.error());
}

int ask(const postmortem::CrashDump& dump, const Arguments& arguments, Output& output) {
    if (const std::string wrong = wrong_combination(arguments); !wrong.empty())
        return output.complain("ps: " + wrong);
    postmortem::ProcessPrinting printing;
    ProcessRequest request;
    request.which = choice_of(arguments);
    for (const Way& way : ways) {
        if (!arguments.has(way.option)) continue;
        printing.style = way.style;
        request.part = way.part;
    }
    printing.header = !arguments.has("no-header");
    printing.stack_pointers = request.stack_pointers = arguments.has("stack");
    const bool plain = request.part == Part::None && !request.stack_pointers;
    if (plain && printing.header && printing.style == ProcessStyle::Table)
        return list_plainly(dump, arguments, output);
    if (arguments.has("cpus")) {
        const auto cpus = cpus_of(arguments.text("cpus"));
        if (!cpus)
            return output.complain("ps: -C takes CPUs such as 3 or 1,8,9-14, not '" + arguments.text("cpus") +
                                   "'");
        printing.per_cpu = true;
        printing.cpus = request.which.cpus = *cpus;
    }
    auto status = postmortem::process_status(dump, request);
    if (!status) return output.finish(status.error());
    add_lost_pages(*status);
    if (arguments.ndjson) return output.finish(postmortem::to_ndjson(*status), status->problems);
    if (arguments.json) return output.finish(postmortem::to_json(*status), status->problems);
    return output.finish(postmortem::to_text(*status, printing), status->problems);
}

}  // namespace

const Command ps_command = {"ps", "the tasks", syntax, ask, nullptr};

}  // namespace tool
