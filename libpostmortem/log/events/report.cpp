#include "log/events/report.h"

#include <algorithm>

#include "base/text.h"
#include "log/events/details.h"
#include "log/events/event_kinds.h"
#include "log/events/frame.h"
#include "log/events/function_name.h"
#include "log/events/guess.h"
#include "log/events/instruction_place.h"
#include "log/events/interrupted.h"
#include "log/events/lost_head.h"
#include "log/events/naming.h"
#include "log/events/refine.h"
#include "log/events/signature.h"
#include "log/events/stack_lines.h"
#include "log/events/stall.h"

namespace postmortem {
namespace {

// "[ INFO: possible recursive locking detected ]" of older kernels
std::string_view without_frame(std::string_view headline) {
    headline = trimmed(headline);
    if (headline.starts_with("[ ") && headline.ends_with(']')) {
        headline = trimmed(headline.substr(1, headline.size() - 2));
    }
    return headline;
}

// Where a task left its CPU, which is not where it is.
bool is_switch(std::string_view function) {
    return function.find("schedule") != std::string_view::npos || function == "__switch_to" ||
           function == "context_switch";
}

// A title that names no function leaves the place to the trace; the id, which must hold on every kernel, does
// not.
void blame_first_informative(LogEvent& event) {
    // A watchdog that panics stands on top of what it interrupted.
    const bool by_watchdog = event.headline.find("softlockup: ") != std::string::npos ||
                             event.headline.find("LOCKUP") != std::string::npos;
    const std::size_t from = by_watchdog ? first_interrupted(event.frames) : 0;
    const auto find = [&](bool unsure_too) {
        return std::find_if(event.frames.begin() + static_cast<std::ptrdiff_t>(from), event.frames.end(),
                            [unsure_too](const LogFrame& frame) {
                                // No call returns to where a function begins.
                                const bool is_leftover = frame.offset == 0 && frame.size.has_value();
                                return !is_leftover && (unsure_too || frame.reliable) &&
                                       !is_uninformative(frame.function) && !is_switch(frame.function);
                            });
    };
    // What was interrupted is printed as unsure where it is the first below the interrupt.
    auto informative = find(by_watchdog);
    if (informative == event.frames.end()) informative = find(true);
    if (informative == event.frames.end()) return;
    event.function = informative->function;
    event.module = informative->module;
    event.offset = informative->offset;
}

void blame(const Naming& naming, LogEvent& event) {
    const bool stalls = stalls_cpu(event.event_class);
    // Where a watchdog stood when it looked is not where the CPU is stuck.
    const bool asked_to =
        event.ip && event.ip->function.starts_with("rust_helper_");  // by the code that panics
    if (event.ip && !asked_to && !(stalls && is_stall_reporter(event.ip->function))) {
        event.function = event.ip->symbol;
        event.module = event.ip->module;
        event.offset = event.ip->offset;
    } else if (naming.blamed < naming.candidates.size()) {
        const Candidate& candidate = naming.candidates[naming.blamed];
        event.function = candidate.function;
        event.module = candidate.module;
        if (event.ip && !asked_to) event.source.clear();  // that of the watchdog
    }
    if (naming.blamed < naming.candidates.size()) event.blamed = naming.candidates[naming.blamed].function;
    if (event.offset || event.function.empty()) return;
    if (event.caller && !event.ip && event.caller->function == event.function) {
        event.offset = event.caller->offset;
        if (event.module.empty()) event.module = event.caller->module;
        return;
    }
    for (const LogFrame& frame : event.frames) {
        if (frame.function != event.function) continue;
        event.offset = frame.offset;
        if (event.module.empty()) event.module = frame.module;
        return;
    }
}

// What the report itself tells; what comes behind it may tell more.
Outcome outcome_in(const Report& report, EventClass event_class) {
    if (report.rule && report.rule->rule->dies) return Outcome::Died;
    const bool is_oom = event_class == EventClass::OutOfMemory;
    for (std::size_t i = 0; i < report.own_lines; ++i) {
        const std::string_view text = report.lines[i].text;
        const auto holds = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
        const bool killed = holds("Killed process ") || holds("Kill process ");
        if (is_oom ? killed : holds("---[ end trace")) return Outcome::KilledTask;
    }
    return Outcome::Unknown;
}

// The only stack was that of the grace-period kthread, which does not say who stalls it.
void forget_function(Naming& naming) {
    if (naming.candidates.empty()) return;
    naming.candidates.clear();
    naming.blamed = 0;
    naming.title = naming.title.substr(0, naming.title.find(" in "));
    naming.alternatives.clear();
    naming.corruption = "no function to blame in the stack trace";
}

// Where no stack of a stalled CPU is in the report, that of another one tells who keeps the grace period
// waiting, and not who is stalled.
void forget_task_of_another_cpu(LogEvent& event) {
    const LogStall& stall = *event.stall;
    const auto holds = [](const auto& list, const auto& value) {
        return value && std::find(list.begin(), list.end(), *value) != list.end();
    };
    if (!event.cpu || stall.cpus.empty() || holds(stall.cpus, event.cpu)) return;
    if (event.pid && std::find(stall.tasks.begin(), stall.tasks.end(), *event.pid) != stall.tasks.end())
        return;
    event.cpu.reset();
    event.pid.reset();
    event.comm.clear();
}

// Where init exits, and where a watchdog looks at tasks that sleep, nothing is wrong.
bool ends_far_from_cause(const LogEvent& event) {
    return event.event_class == EventClass::InitKilled ||
           event.headline.find("hung_task: blocked tasks") != std::string::npos;
}

void forget_place(LogEvent& event) {
    event.function.clear();
    event.module.clear();
    event.offset.reset();
}

bool holds_proof(const Report& report) {
    return std::any_of(
        report.lines.begin() + 1, report.lines.begin() + static_cast<std::ptrdiff_t>(report.own_lines),
        [&](const ReportLine& line) { return report.rule->proof->find(line.text).has_value(); });
}

// Whoever reports begins his report soon; prose goes on.
bool reports_soon(const Report& report) {
    constexpr std::size_t soon = 4;
    const auto end = report.lines.begin() + static_cast<std::ptrdiff_t>(std::min(soon, report.own_lines));
    return std::any_of(report.lines.begin() + 1, end, [](const ReportLine& line) {
        const std::string_view text = line.text;
        return opens_call_trace(text) || text.find(" Comm: ") != std::string_view::npos ||
               text.find("Modules linked in:") != std::string_view::npos || parse_instruction_pointer(text);
    });
}

// "WARNING: battery low": a message, and nothing that needs a look, where no stack follows. "BUG: no battery"
// may be any program's.
bool is_mere_message(const Report& report, const LogEvent& event) {
    if (report.rule) return false;
    if (!report.proven && !reports_soon(report)) return true;
    if (!event.frames.empty() || event.ip) return false;
    return event.event_class == EventClass::OtherWarning || event.event_class == EventClass::OtherInfo ||
           (event.event_class == EventClass::OtherBug && !report.proven);
}

}  // namespace

std::optional<LogEvent> make_event(Report report) {
    if (report.rule && report.rule->needs) {
        const auto end = report.lines.begin() + static_cast<std::ptrdiff_t>(report.own_lines);
        const auto needed = std::find_if(report.lines.begin(), end, [&](const ReportLine& line) {
            return report.rule->needs->find(line.text).has_value();
        });
        if (needed == end) return std::nullopt;
        report.headline_at = static_cast<std::size_t>(needed - report.lines.begin());
    }
    if (report.rule && report.rule->proof && !holds_proof(report)) return std::nullopt;
    name_instruction(report);
    Naming naming = name_report(report);
    LogEvent event;
    event.event_class = naming.event_class;
    event.headline = without_frame(report.headline());
    event.line = report.lines[report.headline_at].line;
    event.seconds = report.seconds;
    event.time = report.time;
    event.host = report.host;
    event.boot = report.boot;
    event.outcome = outcome_in(report, event.event_class);
    event.stall = read_stall(report, event.event_class);
    if (event.event_class == EventClass::RcuStall) {
        read_details(focused_on_stalled(report, *event.stall), event);
        if (event.frames.empty() && !event.ip) forget_function(naming);
        forget_task_of_another_cpu(event);
    } else {
        read_details(report, event);
    }
    guess_function(event, naming);
    add_warned_callers(event, naming);
    refine_class(event, naming);
    event.title = naming.title;
    event.alternative_titles = naming.alternatives;
    event.corrupted = !naming.corruption.empty();
    event.corruption = naming.corruption;
    if (is_mere_message(report, event)) return std::nullopt;
    blame(naming, event);
    if (!report.lost_head.empty()) read_lost_head(std::move(report.lost_head), event);
    // Up to 4.19 SysRq c was a NULL dereference.
    if (event.blamed == "sysrq_handle_crash") event.event_class = EventClass::SysrqCrash;
    // A panic that only follows tells nothing but where it was called; what it follows from may be lost.
    const bool follows = event.event_class == EventClass::Escalation ||
                         event.event_class == EventClass::InitKilled ||
                         event.event_class == EventClass::HardLockup;
    if (event.function.empty() && follows) blame_first_informative(event);
    sign(naming, event);
    if (ends_far_from_cause(event)) forget_place(event);
    // Whoever happened to ask for memory, or was interrupted, is not to blame.
    const bool hits_anybody = event.event_class == EventClass::OutOfMemory ||
                              event.event_class == EventClass::UnhandledIrq || ends_far_from_cause(event);
    if (event.function.empty() && !hits_anybody) blame_first_informative(event);
    return event;
}

}  // namespace postmortem
