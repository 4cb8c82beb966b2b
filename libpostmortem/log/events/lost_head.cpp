#include "log/events/lost_head.h"

#include <utility>

#include "base/text.h"
#include "log/events/details.h"
#include "log/events/function_name.h"
#include "log/events/naming.h"
#include "log/events/signature.h"
#include "log/events/stored_lines.h"
#include "log/events/undecoded.h"

namespace postmortem {
namespace {

constexpr std::size_t max_lines = 256;
constexpr std::size_t lines_behind = 48;  // a trace of usual length, registers, "Code:"
constexpr std::size_t lines_to_panic = 48;

// The first that tells of a bug: the place, unless a helper was there, and then the callers.
std::vector<Candidate> candidates_of(const LogEvent& event) {
    std::vector<Candidate> found;
    if (event.ip && !is_uninformative(event.ip->function))
        found.push_back({event.ip->function, event.ip->module});
    for (const LogFrame& frame : event.frames) {
        const bool repeats = !found.empty() && found.back().function == frame.function;
        if (frame.reliable && !repeats && !is_uninformative(frame.function))
            found.push_back({frame.function, frame.module});
    }
    return found;
}

void name_without_headline(LogEvent& event) {
    Naming naming;
    naming.title = "report without its first lines";
    naming.candidates = candidates_of(event);
    if (!naming.candidates.empty()) {
        event.blamed = naming.candidates.front().function;
        naming.title += " in " + event.blamed;
        if (!event.ip) event.function = event.blamed, event.module = naming.candidates.front().module;
    }
    event.event_class = EventClass::OtherBug;
    event.title = naming.title;
    event.outcome = Outcome::Unknown;
    event.corrupted = true;
    event.corruption = "the first lines of the report are missing from the log";
    sign(naming, event);
}

}  // namespace

void LostHead::read(const LogRecord& record, bool is_part, bool ends_trace) {
    if (has_ended_) {
        --room_;
        return;
    }
    if (lines_to_follow_ != 0) {
        --lines_to_follow_;
        is_anothers_ = is_anothers_ || is_part;
    }
    if (is_anothers_) {
        is_anothers_ = !ends_trace;
        return;
    }
    if (is_part) room_ = lines_behind;
    if (room_ == 0) return;
    --room_;
    if (lines_.empty()) {
        seconds_ = record.seconds;
        time_ = record.time;
        host_ = record.host;
    }
    if (lines_.size() >= max_lines) lines_.erase(lines_.begin(), lines_.begin() + max_lines / 2);
    Undecoded plain = undecoded(record.text);
    lines_.push_back({.line = record.line,
                      .text = std::string(record.text.substr(0, longest_stored_line)),
                      .plain = std::move(plain.text),
                      .source = std::move(plain.source)});
    if (!ends_trace) return;
    has_ended_ = true;
    room_ = lines_to_panic;
}

void LostHead::forget() {
    lines_.clear();
    room_ = 0;
    has_ended_ = is_anothers_ = false;
    lines_to_follow_ = 0;
}

void LostHead::follow_message() {
    constexpr std::size_t at_once = 3;
    lines_to_follow_ = at_once;
}

std::vector<ReportLine> LostHead::take() {
    std::vector<ReportLine> lines = std::exchange(lines_, {});
    forget();
    return lines;
}

std::optional<LogEvent> LostHead::take_event(std::size_t boot) {
    if (!has_ended_ || lines_.empty()) {
        forget();
        return std::nullopt;
    }
    LogEvent event;
    event.boot = boot;
    event.seconds = seconds_;
    event.time = time_;
    event.host = host_;
    event.line = lines_.front().line;
    event.headline = std::string(trimmed(lines_.front().text));
    read_lost_head(take(), event);
    const bool names_place = event.ip || event.frames.size() >= 2;
    if (!names_place || (event.comm.empty() && !event.pid)) return std::nullopt;
    name_without_headline(event);
    return event;
}

bool follows_an_oops(const CompiledRule& panic) {
    return panic.rule->event_class == EventClass::Escalation &&
           panic.rule->title.find("Fatal exception") != std::string_view::npos;
}

void read_lost_head(std::vector<ReportLine> lines, LogEvent& event) {
    Report rest;
    rest.own_lines = lines.size();
    rest.lines = std::move(lines);
    LogEvent told;
    told.event_class = EventClass::OtherBug;  // an oops of any kind
    read_details(rest, told);
    if (told.ip) {
        event.function = told.ip->symbol;
        event.module = told.ip->module;
        event.offset = told.ip->offset;
        event.ip = std::move(told.ip);
    }
    if (event.frames.empty()) event.frames = std::move(told.frames);
    if (event.registers.empty()) event.registers = std::move(told.registers);
    if (event.comm.empty() && !event.pid) {
        event.comm = std::move(told.comm);
        event.pid = told.pid;
        event.cpu = event.cpu ? event.cpu : told.cpu;
    }
    if (event.kernel.empty()) event.kernel = std::move(told.kernel);
    if (event.taint.empty()) event.taint = std::move(told.taint);
    if (event.hardware.empty()) event.hardware = std::move(told.hardware);
}

}  // namespace postmortem
