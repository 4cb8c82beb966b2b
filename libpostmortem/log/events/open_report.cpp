#include "log/events/open_report.h"

#include <algorithm>

#include "log/events/details.h"
#include "log/events/event_kinds.h"
#include "log/events/undecoded.h"

namespace postmortem {

bool names_context(std::string_view context) {
    return context.starts_with('T') || context.starts_with('C');
}

bool may_die(const Report& report) {
    if (!report.rule) return report.trigger->otherwise == EventClass::OtherBug;
    return may_die(report.rule->rule->event_class);
}

bool tells_of_another_stall(const Report& report, EventClass event_class) {
    if (!report.rule || !stalls_cpu(event_class)) return false;
    const EventClass own = report.rule->rule->event_class;
    return own != event_class && (stalls_cpu(own) || own == EventClass::HungTask);
}

bool awaits_oops(const OpenReport& open, const LogRecord& record) {
    constexpr double longest = 5;  // seconds
    if (!open.report.rule || open.die_count || !die_count_of(record.text)) return false;
    const EventClass own = open.report.rule->rule->event_class;
    const bool bad_address = own == EventClass::PageFault || own == EventClass::NullDereference;
    if (!bad_address || !open.report.seconds || !record.seconds) return false;
    const double later = *record.seconds - *open.report.seconds;
    return later >= 0 && later <= longest && open.report.host == record.host;
}

Report assemble(const OpenReport& closed, const StoredLines& stored) {
    Report report = closed.report;
    const bool is_kmsan = report.rule && report.rule->rule->event_class == EventClass::Kmsan;
    const bool is_rust = report.rule && report.rule->rule->event_class == EventClass::RustPanic;
    const std::size_t enough_lines = is_kmsan ? 16 : 22;
    const bool one_line = report.rule && report.rule->rule->one_line;
    bool ended = false;
    bool names_ended = false;
    bool all_cpus = false;
    std::size_t text_lines = 0;
    constexpr std::size_t usual_lines = 128;
    report.lines.reserve(one_line ? 1 : std::min(closed.end - closed.start, usual_lines));
    for (std::size_t i = closed.start; i < closed.end; ++i) {
        const StoredLine& line = stored[i];
        const bool is_headline = report.lines.empty();
        const std::string_view text = line.text;
        const auto holds = [&](std::string_view part) { return text.find(part) != std::string_view::npos; };
        const bool same_kind = line.opens == report.trigger && report.trigger->meeting == Meeting::Passes;
        // A panic of Rust code ends in BUG(), whose trace is the panic's.
        const bool is_own_bug = is_rust && line.opens && line.opens->literal == "kernel BUG";
        if (!is_headline && !is_own_bug && (line.ends_reports || same_kind)) {
            // Whoever knows contexts may look for names further down: the next report was printed by another
            // task, or this one is torn and the next tells of the same.
            names_ended = names_ended || !names_context(closed.context);
            ended = ended || names_ended || line.context == closed.context;
        }
        const bool from_cpu = all_cpus && line.context.starts_with('C');
        if (line.context != closed.context && !from_cpu) continue;
        const bool questionable =
            !is_headline && ((text.find('?') != std::string_view::npos && holds(" ? ") && !holds("<EOI>")) ||
                             text.ends_with(" (unreliable)"));
        if (!questionable) ++text_lines;
        if (holds("Sending NMI from CPU")) all_cpus = true;
        // With panic_on_warn the same stack comes twice, and an oops makes lockdep complain: once the report
        // is long enough to be whole, what follows is theirs.
        if (!is_headline && text_lines > enough_lines &&
            (holds("Kernel panic - not syncing") ||
             holds("WARNING: possible circular locking dependency detected"))) {
            break;
        }
        if (holds("Disabling lock debugging due to kernel taint")) continue;
        Undecoded plain = undecoded(line.text);
        report.lines.push_back({line.line, std::string(line.text), std::move(plain.text),
                                std::move(plain.source), questionable});
        if (!ended) report.own_lines = report.lines.size();
        if (!names_ended) report.named_lines = report.lines.size();
        if (one_line) break;
    }
    return report;
}

}  // namespace postmortem
