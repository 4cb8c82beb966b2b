// Holds a log's events against the known crashes: one pass over the log serves both.
#include <algorithm>

#include "log/events/analyser.h"
#include "log/known/known_matcher.h"
#include "log/text/usable.h"

namespace postmortem {
namespace {

bool is_notice(EventClass event_class) {
    switch (event_class) {
        case EventClass::OutOfMemory:
        case EventClass::AllocationFailure:
        case EventClass::HardwareError:
        case EventClass::NetdeviceReference:
        case EventClass::FilesystemShutdown: return true;
        default: return false;
    }
}

bool is_the_panic(const LogEvent& event) {
    return event.headline.find("Kernel panic") != std::string::npos;
}

}  // namespace

bool counts_as_crash(const LogEvent& event) {
    if (is_the_panic(event)) return event.event_class != EventClass::Escalation;
    return !is_notice(event.event_class) && event.event_class != EventClass::Escalation;
}

std::string_view to_string(CheckOutcome outcome) {
    switch (outcome) {
        case CheckOutcome::NoCrash: return "no-crash";
        case CheckOutcome::Known: return "known";
        case CheckOutcome::New: return "new";
        case CheckOutcome::Unusable: return "unusable";
    }
    return "unusable";
}

namespace {

void judge(CheckResult& result, const std::vector<KnownCrash>& entries,
           const std::vector<KnownMatcher>& matchers, const LogNotebook& notebook) {
    // A file that was empty, torn or no log at all must not pass for a healthy machine's.
    if ((result.error = why_unusable(result.analysis))) {
        result.outcome = CheckOutcome::Unusable;
        return;
    }
    const std::vector<LogEvent>& events = result.analysis.events;
    for (std::size_t i = 0; i < events.size(); ++i) {
        // What killed the machine is a crash, whatever its kind: an escalation whose report is lost, an OOM
        // kill in front of panic_on_oom.
        const bool dead = result.analysis.panicked || result.analysis.died;
        const bool killed = dead && result.analysis.cause == i;
        if (!killed && !counts_as_crash(events[i])) continue;
        const auto entry = find_known(events[i], entries, matchers, notebook);
        if (entry && entries[*entry].verdict == Verdict::Ignore) continue;
        const bool is_known = entry && entries[*entry].verdict == Verdict::Known;
        const CheckOutcome outcome = is_known ? CheckOutcome::Known : CheckOutcome::New;
        result.events.push_back({i, outcome, entry});
        result.outcome = std::max(result.outcome, outcome);
    }
}

}  // namespace

CheckResult KnownCrashes::check(const std::filesystem::path& log, const LogAnalysisOptions& options) const {
    CheckResult result;
    result.source = log.string();
    LogNotebook notebook(impl_->matchers);
    auto analysis = analyse_log(log, options, [&](std::string_view line) { notebook.read(line); });
    if (!analysis) {
        result.outcome = CheckOutcome::Unusable;
        result.error = analysis.error();
        return result;
    }
    result.analysis = std::move(*analysis);
    judge(result, impl_->entries, impl_->matchers, notebook);
    return result;
}

CheckResult KnownCrashes::check(const KernelLog& log, std::string source,
                                const LogAnalysisOptions& options) const {
    CheckResult result;
    result.source = std::move(source);
    LogNotebook notebook(impl_->matchers);
    for (const PrintkRecord& record : log.records) notebook.read(record.text);
    result.analysis = analyse_log(log, options);
    result.analysis.problems.insert(result.analysis.problems.end(), log.problems.begin(), log.problems.end());
    judge(result, impl_->entries, impl_->matchers, notebook);
    return result;
}

}  // namespace postmortem
