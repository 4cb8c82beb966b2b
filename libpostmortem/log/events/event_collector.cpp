#include "log/events/event_collector.h"

#include <algorithm>

#include "log/events/cause.h"
#include "log/events/details.h"
#include "log/events/event_kinds.h"
#include "log/events/outcome.h"
#include "log/events/retold.h"

namespace postmortem {
namespace {

constexpr std::size_t max_open = 256;     // a machine whose CPUs all stumble over one condition at once
constexpr std::size_t max_window = 2000;  // lines of the log that a report may spread over
constexpr std::size_t lines_after_end =
    150;                            // kept behind the next headline, to tell torn from whole reports
constexpr double longest_skew = 1;  // seconds, of lines that CPUs print at once
constexpr std::size_t max_late = 32;

}  // namespace

EventCollector::EventCollector(const LogAnalysisOptions& options) : options_(options) {
    kernels_.emplace_back();
}

void EventCollector::add(const LogRecord& record) {
    ++result_.lines;
    sample_.read(record.text);
    if (sample_.is_elf()) return;
    if (record.seconds) saw_timestamps_ = true, in_firmware_ = false;
    if (const auto began = clock_.read(record, stored_.end())) {
        close_what_began_before(*began);
        began_again_ = true;
    }
    const WordsOfLine words = headlines_.words_of(record.text);
    if (words.none() && open_.empty() && !lost_head_.is_reading()) return;
    note_debugger(record);
    if (words.begins_boot() && debugger_lines_ == 0) note_boots(record, words);
    if (words.names_crash_image() && record.text.find("ommand line: ") != std::string_view::npos)
        note_capture_kernel();
    const bool goes_on_elsewhere =
        !open_.empty() &&
        lost_prefix_.joins(record, open_.back(), stored_.end() - open_.back().start, words.is_part_of_oops());
    const bool is_part =
        continues_headline(record) || (debugger_lines_ != 0 && !open_.empty()) || goes_on_elsewhere;
    const std::string context = is_part ? open_.back().context : context_of(record);
    Headline headline;
    if (words.has_trigger() && record.may_be_kernel())
        headline = headlines_.headline_of(record, words, {saw_timestamps_, in_firmware_});
    bool ends_reports = !open_.empty() && words.begins_anothers_lines();
    const Trigger* opens = nullptr;
    note_glued_headline(record);
    if (headline.trigger && is_open_already(record)) {
        headline = {};
        lost_head_.follow_message();
    }
    if (headline.trigger && !replaces_headline(headline, record, context)) {
        const bool joins =
            headline.meeting() == Meeting::Joins && joins_open_report(headline, record, context);
        if (!joins) open(headline, record, context);
        const bool stands_alone = headline.meeting() == Meeting::Joins && !joins;
        ends_reports = ends_reports || headline.meeting() == Meeting::Ends || stands_alone;
        opens = headline.trigger;
    }
    if (!opens && all_have_ended()) {
        // x86 shows the registers again behind the end of an oops: the next report has a task.
        const bool may_begin = open_.empty() || lost_head_.is_reading() || words.names_task();
        lost_head_.read(record, may_begin && words.is_part_of_oops(), words.ends_trace());
    }
    if (lost_head_.is_over()) emit_lost_head();
    if (!open_.empty()) store(record, context, words, ends_reports, opens);
    close_finished();
}

// Two messages in one line of the console: the second one begins where the headline should go on.
void EventCollector::note_glued_headline(const LogRecord& record) {
    if (!record.continuation || open_.empty() || stored_.empty() || stored_.back().line != record.line)
        return;
    OpenReport& last = open_.back();
    if (last.start + 1 == stored_.end()) last.report.glued_headline = true;
}

// A message of two lines whose second one has nothing in front of it.
bool EventCollector::continues_headline(const LogRecord& record) const {
    if (open_.empty()) return false;
    const OpenReport& last = open_.back();
    return last.report.rule && last.report.rule->rule->two_lines && last.lines_in_context == 1 &&
           !stored_.empty() && stored_.back().line + 1 == record.line && !record.seconds &&
           record.caller.empty();
}

void EventCollector::note_debugger(const LogRecord& record) {
    constexpr std::size_t most_lines = 150;
    if (record.text.starts_with("cpu 0x") && record.text.find(": Vector: ") != std::string_view::npos)
        debugger_lines_ = record.seconds ? 0 : most_lines;
    else if (debugger_lines_ != 0)
        debugger_lines_ = record.seconds ? 0 : debugger_lines_ - 1;
}

void EventCollector::note_capture_kernel() {
    const std::size_t boot = kernels_.size() - 1;
    if (capture_boots_.empty() || capture_boots_.back() != boot) capture_boots_.push_back(boot);
}

void EventCollector::note_boots(const LogRecord& record, const WordsOfLine& words) {
    if (words.names_firmware_alone()) {
        // A machine's name may hold its firmware's.
        if (record.seconds || !opens_with_firmware(record.text)) return;
        while (!open_.empty()) close_front();
        in_firmware_ = true;
        return;
    }
    in_firmware_ = false;
    const std::string_view release = release_of_banner(record.text);
    if (release.empty()) return;
    while (!open_.empty()) close_front();
    emit_lost_head();
    clock_.begin_boot();
    // The first banner belongs to the boot that the log begins with, unless something happened before it.
    const bool is_first = kernels_.size() == 1 && kernels_.back().empty() && result_.events.empty();
    if (!is_first) kernels_.emplace_back();
    kernels_.back() = release;
}

bool EventCollector::joins_open_report(const Headline& headline, const LogRecord& record,
                                       const std::string& context) const {
    const auto die_count = die_count_of(record.text);
    return std::any_of(open_.rbegin(), open_.rend(), [&](const OpenReport& open) {
        if (headline.rule && tells_of_another_stall(open.report, headline.rule->rule->event_class))
            return false;
        const bool another_oops =
            die_count && (!may_die(open.report) || open.die_count.value_or(*die_count) != *die_count);
        const bool too_late =
            open.report.seconds && record.seconds && is_jump(*open.report.seconds, *record.seconds);
        const std::size_t reach = awaits_oops(open, record) ? lines_to_oops : headline.trigger->join_within;
        return open.context == context && !open.ended_by_trace && !another_oops && !too_late &&
               open.lines_in_context <= reach && !(open.report.rule && open.report.rule->rule->one_line);
    });
}

// The copies of two consoles, put together by their times: the same line stands in the middle of its report.
bool EventCollector::is_open_already(const LogRecord& record) const {
    if (!record.seconds || !clock_.stood_beyond(*record.seconds, 0)) return false;
    return std::any_of(open_.begin(), open_.end(), [&](const OpenReport& open) {
        return open.report.seconds == record.seconds && open.lines_in_context > 1 &&
               stored_[open.start].text == record.text.substr(0, longest_stored_line);
    });
}

// With the next line where a mailer broke it: "BUG: KASAN: use-after-free in f", "mm/f.c:12 [inline]".
std::string EventCollector::whole_headline(const OpenReport& report) const {
    std::string headline(stored_[report.start].text);
    const std::size_t next = report.start + 1;
    if (next + 1 == stored_.end() && !headline.ends_with(']'))
        headline.append(" ").append(stored_[next].text);
    return headline;
}

// Consoles print a headline in part or twice, or the second line of a report before the first. What is open
// and has nothing below its headline yet then begins again with the better one.
bool EventCollector::replaces_headline(const Headline& headline, const LogRecord& record,
                                       const std::string& context) {
    if (open_.empty() || !headline.rule) return false;
    OpenReport& last = open_.back();
    if (last.context != context) return false;
    const auto begin_again = [&] {
        last.report.trigger = headline.trigger;
        last.report.rule = headline.rule;
        last.start = stored_.end();
        return true;
    };
    if (names_inlined(whole_headline(last), record.text)) return begin_again();
    if (last.lines_in_context > 3) return false;
    if (record.seconds && last.report.seconds && is_jump(*last.report.seconds, *record.seconds)) return false;
    const StoredLine& before = stored_[last.start];
    const bool one_line = last.report.rule && last.report.rule->rule->one_line;
    const bool repeated = !one_line && record.text.starts_with(before.text);
    const bool out_of_order = Headline{last.report.trigger, last.report.rule}.meeting() == Meeting::Joins &&
                              headline.meeting() == Meeting::Ends;
    return (repeated || out_of_order) && begin_again();
}

void EventCollector::open(const Headline& headline, const LogRecord& record, const std::string& context) {
    if (open_.size() >= max_open) close_front();
    lost_prefix_.forget();
    const std::size_t here = stored_.end();
    if (headline.meeting() == Meeting::Ends) {
        for (OpenReport& other : open_) {
            const bool shares_context = !names_context(other.context) || other.context == context;
            if (shares_context && other.end_seen == 0) other.end_seen = here;
        }
    }
    OpenReport report;
    report.start = here;
    report.context = context;
    report.report.trigger = headline.trigger;
    report.report.rule = headline.rule;
    report.report.seconds = record.seconds;
    report.report.time = record.time;
    report.report.host = record.host;
    report.report.proven = record.seconds || record.level || record.program == "kernel";
    report.report.boot = kernels_.size() - 1;
    report.told_late = record.seconds && (began_again_ || clock_.stood_beyond(*record.seconds, longest_skew));
    if (headline.rule && follows_an_oops(*headline.rule)) report.report.lost_head = lost_head_.take();
    emit_lost_head();
    if (headline.rule && headline.rule->rule->one_line) lost_head_.follow_message();
    if (result_.panicked || headline.trigger->literal == "Kernel panic") result_.panicked = true;
    open_.push_back(std::move(report));
}

void EventCollector::store(const LogRecord& record, const std::string& context, const WordsOfLine& words,
                           bool ends_reports, const Trigger* opens) {
    const auto die_count = words.counts_oopses() ? die_count_of(record.text) : std::nullopt;
    for (OpenReport& open : open_) {
        if (open.context != context) continue;
        open.lines_in_context += !record.text.empty();
        open.ended_by_trace = open.ended_by_trace || words.ends_trace();
        if (die_count && !open.die_count) open.die_count = die_count;
    }
    stored_.add({record.line, context, record.text.substr(0, longest_stored_line), ends_reports, opens});
}

void EventCollector::close_finished() {
    while (!open_.empty()) {
        const OpenReport& front = open_.front();
        const std::size_t end = stored_.end();
        const bool one_line = front.report.rule && front.report.rule->rule->one_line;
        const bool left_behind = front.end_seen != 0 && end - front.end_seen > lines_after_end;
        if (!one_line && !left_behind && end - front.start <= max_window) return;
        close_front();
    }
}

void EventCollector::close_what_began_before(std::size_t line) {
    while (!open_.empty() && open_.front().start < line) close_front(line);
}

void EventCollector::close_front(std::optional<std::size_t> end) {
    OpenReport closed = std::move(open_.front());
    open_.pop_front();
    closed.end = end.value_or(stored_.end());
    if (result_.events.size() < std::max<std::size_t>(options_.max_events, 1)) {
        emit(closed);
    } else {
        late_.push_back(std::move(closed));
        if (late_.size() > max_late) {
            late_.pop_front();
            ++result_.dropped_events;
        }
    }
    forget_lines();
}

void EventCollector::forget_lines() {
    std::size_t needed = stored_.end();
    if (!open_.empty()) needed = std::min(needed, open_.front().start);
    if (!late_.empty()) needed = std::min(needed, late_.front().start);
    stored_.forget_before(needed);
}

void EventCollector::emit(const OpenReport& closed) {
    if (auto event = make_event(assemble(closed, stored_))) keep(std::move(*event), closed.told_late);
}

void EventCollector::emit_lost_head() {
    auto event = lost_head_.take_event(kernels_.size() - 1);
    if (!event) return;
    if (result_.events.size() < std::max<std::size_t>(options_.max_events, 1))
        keep(std::move(*event), began_again_);
    else
        ++result_.dropped_events;
}

// Whether whatever comes is part of no report that is open.
bool EventCollector::all_have_ended() const {
    return std::all_of(open_.begin(), open_.end(),
                       [](const OpenReport& open) { return open.ended_by_trace; });
}

void EventCollector::keep(LogEvent event, bool told_late) {
    if (event.kernel.empty()) event.kernel = kernels_[event.boot];
    if (is_told_again(event, told_late, result_.events)) return;
    while (!result_.events.empty() && announces(result_.events.back(), event)) {
        take_task(result_.events.back(), event);
        result_.events.pop_back();
    }
    if (!repeats_last(event, result_.events)) result_.events.push_back(std::move(event));
}

LogAnalysis EventCollector::finish() {
    while (!open_.empty()) close_front();
    emit_lost_head();
    for (const OpenReport& closed : late_) emit(closed);
    late_.clear();
    clear_escalations(result_.events);
    result_.boots = kernels_.size();
    if (!sample_.is_text())
        result_.problems.push_back({ErrorCode::Unsupported, "this does not look like the text of a log"});
    result_.cause = find_cause(result_.events, capture_boots_);
    tell_outcomes(result_);
    if (result_.cause) {
        LogEvent& cause = result_.events[*result_.cause];
        // Not every report names the machine (a hung task's does not); it is the same for the whole boot.
        for (const LogEvent& event : result_.events)
            if (cause.hardware.empty() && event.boot == cause.boot) cause.hardware = event.hardware;
        result_.kernel = cause.kernel.empty() ? kernels_[cause.boot] : cause.kernel;
    } else {
        result_.kernel = kernels_.back();
    }
    return std::move(result_);
}

}  // namespace postmortem
