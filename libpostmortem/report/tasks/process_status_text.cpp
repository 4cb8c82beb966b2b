// `ps` as crash 9 prints it with its options (task.c: show_ps_data() and its neighbours).
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <postmortem/process_status.h>

#include "base/text.h"
#include "report/tasks/duration_text.h"
#include "report/tasks/process_table_text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

using ProcessOut = fmt::appender;

TaskMention mention_of(const ProcessDetails& details) {
    const TaskInfo& task = details.task;
    return {task.pid, task.task, task.cpu, task.comm, task.address_digits};
}

std::string number_or_dash(const std::optional<std::uint64_t>& value) {
    return value ? fmt::format("{}", *value) : "-";
}

void print_ancestors(ProcessOut out, const ProcessDetails& details) {
    std::size_t depth = 0;
    for (const TaskMention& ancestor : details.ancestors)
        fmt::format_to(out, "{:{}}{}", "", depth++, task_header(ancestor));
    fmt::format_to(out, "{:{}}{}\n", "", depth, task_header(mention_of(details)));
}

void print_members(ProcessOut out, const ProcessDetails& details, const std::vector<TaskMention>& members,
                   std::string_view none) {
    fmt::format_to(out, "{}", task_header(mention_of(details)));
    for (const TaskMention& member : members) fmt::format_to(out, "  {}", task_header(member));
    fmt::format_to(out, "{}\n", members.empty() ? none : "");
}

// "01:02:03", with "2 days, " before it where there are any.
std::string run_time(const std::optional<std::uint64_t>& seconds) {
    if (!seconds) return "-";
    const std::uint64_t days = *seconds / 86400, rest = *seconds % 86400;
    return fmt::format("{}{:02}:{:02}:{:02}", days > 0 ? fmt::format("{} days, ", days) : "", rest / 3600,
                       rest / 60 % 60, rest % 60);
}

void print_times(ProcessOut out, const ProcessDetails& details) {
    fmt::format_to(out, "{}    RUN TIME: {}\n  START TIME: {}\n       UTIME: {}\n       STIME: {}\n\n",
                   task_header(mention_of(details)), run_time(details.run_seconds),
                   number_or_dash(details.start_time), number_or_dash(details.user_time),
                   number_or_dash(details.system_time));
}

std::string bound(const std::optional<std::uint64_t>& value) {
    constexpr std::size_t width = std::string_view("(unlimited)").size();
    return centered(value ? fmt::format("{}", *value) : "(unlimited)", width);
}

void print_limits(ProcessOut out, const ProcessDetails& details) {
    fmt::format_to(out, "{}", task_header(mention_of(details)));
    if (!details.limits.empty()) fmt::format_to(out, "      RLIMIT     CURRENT       MAXIMUM  \n");
    for (const ProcessLimit& limit : details.limits)
        fmt::format_to(out, "  {:>10}   {}   {}\n", limit.name, bound(limit.current), bound(limit.maximum));
    fmt::format_to(out, "\n");
}

// Arguments with a space behind each that a NUL ends.
void print_arguments(ProcessOut out, const ProcessStrings& arguments) {
    fmt::format_to(out, "ARG: ");
    for (std::size_t i = 0; i < arguments.strings.size(); ++i) {
        const bool ended = i + 1 < arguments.strings.size() || arguments.last_is_whole;
        if (arguments.strings[i].empty()) continue;
        fmt::format_to(out, "{}{}", escaped(arguments.strings[i]), ended ? " " : "");
    }
}

void print_environment(ProcessOut out, const ProcessStrings& environment) {
    fmt::format_to(out, "\nENV: ");
    bool any = false, first = true;
    for (std::size_t i = 0; i < environment.strings.size(); ++i) {
        const bool ended = i + 1 < environment.strings.size() || environment.last_is_whole;
        if (!environment.strings[i].empty())
            fmt::format_to(out, "{}{}{}", first ? "" : "     ", escaped(environment.strings[i]),
                           ended ? "\n" : "");
        any = any || !environment.strings[i].empty();
        first = false;
    }
    fmt::format_to(out, "\n{}", any ? "" : "\n");
}

void print_strings(ProcessOut out, const ProcessDetails& details) {
    fmt::format_to(out, "{}", task_header(mention_of(details)));
    if (!details.has_user_memory) {
        fmt::format_to(out, "ps: no user stack\n\n");
        return;
    }
    if (details.arguments) print_arguments(out, *details.arguments);
    if (details.environment) return print_environment(out, *details.environment);
    if (details.arguments) fmt::format_to(out, "\n");
    if (!details.strings_are_located) {
        fmt::format_to(out, "ps: where its strings lie is not known: types are missing\n\n");
        return;
    }
    fmt::format_to(out, "ps: cannot access user stack address");
    if (details.unreadable_address) fmt::format_to(out, ": {:x}", *details.unreadable_address);
    fmt::format_to(out, "\n\n");
}

void print_run(ProcessOut out, const ProcessStatus& status, const ProcessDetails& details) {
    const std::string widest = number_or_dash(status.latest_run_ns);
    fmt::format_to(out, "[{:>{}}] [{}]  {}", number_or_dash(details.last_run_ns), widest.size(),
                   details.task.state, task_header(mention_of(details)));
}

void print_milliseconds(ProcessOut out, const ProcessDetails& details) {
    std::string since = "-";
    if (details.last_run_ns && details.runqueue_clock_ns) {
        const std::uint64_t clock = *details.runqueue_clock_ns;
        const std::size_t days = days_and_time(clock).find(' ');
        since = days_and_time(clock - std::min(clock, *details.last_run_ns));
        since.insert(0, days - std::min(days, since.find(' ')), ' ');
    }
    fmt::format_to(out, "[{}] [{}]  {}", since, details.task.state, task_header(mention_of(details)));
}

void print_one_run(ProcessOut out, const ProcessStatus& status, const ProcessDetails& details,
                   ProcessStyle style) {
    if (style == ProcessStyle::LastRun) return print_run(out, status, details);
    print_milliseconds(out, details);
}

void print_runs(ProcessOut out, const ProcessStatus& status, const ProcessPrinting& printing) {
    if (!printing.per_cpu) {
        for (const ProcessDetails& details : status.tasks)
            print_one_run(out, status, details, printing.style);
        return;
    }
    std::map<std::uint32_t, std::vector<const ProcessDetails*>> by_cpu;
    for (const std::uint32_t cpu : printing.cpus) by_cpu[cpu];
    for (const ProcessDetails& details : status.tasks)
        if (details.task.cpu) by_cpu[*details.task.cpu].push_back(&details);
    bool first = true;
    for (const auto& [cpu, tasks] : by_cpu) {
        fmt::format_to(out, "{}CPU: {}\n", first ? "" : "\n", cpu);
        first = false;
        for (const ProcessDetails* details : tasks) print_one_run(out, status, *details, printing.style);
    }
}

// In the order in which the states come up.
void print_summary(ProcessOut out, const ProcessStatus& status) {
    std::vector<std::pair<std::string_view, std::size_t>> counts;
    for (const ProcessDetails& details : status.tasks) {
        const auto known = std::find_if(counts.begin(), counts.end(),
                                        [&](const auto& count) { return count.first == details.task.state; });
        if (known != counts.end())
            ++known->second;
        else
            counts.emplace_back(details.task.state, 1);
    }
    for (const auto& [state, count] : counts) fmt::format_to(out, "  {}: {}\n", state, count);
}

void print_details(ProcessOut out, const ProcessDetails& details, ProcessStyle style) {
    switch (style) {
        case ProcessStyle::Ancestors: return print_ancestors(out, details);
        case ProcessStyle::Children:
            return print_members(out, details, details.children, "  (no children)\n");
        case ProcessStyle::Group:
            if (details.group) print_members(out, details, *details.group, "  (no threads)\n");
            return;
        case ProcessStyle::Times: return print_times(out, details);
        case ProcessStyle::Strings: return print_strings(out, details);
        case ProcessStyle::Limits: return print_limits(out, details);
        default: return;
    }
}

void print_table(ProcessOut out, const ProcessStatus& status, const ProcessPrinting& printing) {
    const bool policy = printing.style == ProcessStyle::Policy;
    const std::size_t width = status.tasks.empty() ? 16 : status.tasks.front().task.address_digits;
    const std::string pointer = centered(printing.stack_pointers ? "KSTACKP" : "TASK", width, true);
    if (printing.header)
        fmt::format_to(out, "      PID    PPID  CPU {}{}", pointer,
                       policy ? "  POLICY       PRIO  COMM\n" : "  ST  %MEM      VSZ      RSS  COMM\n");
    for (const ProcessDetails& details : status.tasks) {
        const std::string place = !printing.stack_pointers ? fmt::format("{:0{}x}", details.task.task, width)
                                  : details.stack_pointer
                                      ? centered(fmt::format("{:x}", *details.stack_pointer), width, true)
                                      : centered("--", width, true);
        fmt::format_to(out, "{}", process_row_start(details.task, place));
        if (policy)
            fmt::format_to(out, "  {:<12} {:>4}  {}\n", details.policy.empty() ? "-" : details.policy,
                           details.priority ? fmt::format("{}", *details.priority) : "-",
                           shown_comm(details.task));
        else
            fmt::format_to(out, "{}", process_row_end(details.task));
    }
}

}  // namespace

std::string to_text(const ProcessStatus& status, const ProcessPrinting& printing) {
    fmt::memory_buffer text;
    const ProcessOut out(text);
    switch (printing.style) {
        case ProcessStyle::Table:
        case ProcessStyle::Policy: print_table(out, status, printing); break;
        case ProcessStyle::LastRun:
        case ProcessStyle::Milliseconds: print_runs(out, status, printing); break;
        case ProcessStyle::Summary: print_summary(out, status); break;
        default:
            for (const ProcessDetails& details : status.tasks) print_details(out, details, printing.style);
    }
    return fmt::to_string(text);
}

}  // namespace postmortem
