#include "log/events/report.h"

#include <algorithm>

#include "base/text.h"
#include "log/events/details.h"
#include "log/events/function_name.h"
#include "log/events/naming.h"
#include "log/events/signature.h"

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

// Some unwinders mark every frame as unsure; a guess is better than nothing, but not good enough for a title.
void blame_leftovers(LogEvent& event) {
    const auto informative =
        std::find_if(event.frames.begin(), event.frames.end(), [](const LogFrame& frame) {
            return !is_uninformative(frame.function) && frame.function.find("schedule") == std::string::npos;
        });
    if (informative == event.frames.end()) return;
    event.function = informative->function;
    event.module = informative->module;
    event.offset = informative->offset;
}

void blame(const Naming& naming, LogEvent& event) {
    if (event.ip) {
        event.function = event.ip->symbol;
        event.module = event.ip->module;
        event.offset = event.ip->offset;
    } else if (naming.blamed < naming.candidates.size()) {
        const Candidate& candidate = naming.candidates[naming.blamed];
        event.function = candidate.function;
        event.module = candidate.module;
    }
    if (naming.blamed < naming.candidates.size()) event.blamed = naming.candidates[naming.blamed].function;
    if (event.function.empty()) blame_leftovers(event);
    if (event.offset || event.function.empty()) return;
    for (const LogFrame& frame : event.frames) {
        if (frame.function != event.function) continue;
        event.offset = frame.offset;
        if (event.module.empty()) event.module = frame.module;
        return;
    }
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
    const Naming naming = name_report(report);
    LogEvent event;
    event.event_class = naming.event_class;
    event.title = naming.title;
    event.alternative_titles = naming.alternatives;
    event.headline = without_frame(report.headline());
    event.line = report.lines[report.headline_at].line;
    event.seconds = report.seconds;
    event.time = report.time;
    event.host = report.host;
    event.boot = report.boot;
    event.corrupted = !naming.corruption.empty();
    event.corruption = naming.corruption;
    read_details(report, event);
    blame(naming, event);
    // Up to 4.19 SysRq c was a NULL dereference.
    if (event.blamed == "sysrq_handle_crash") event.event_class = EventClass::SysrqCrash;
    sign(naming, event);
    return event;
}

}  // namespace postmortem
