#include "log/events/lost_head.h"

#include <utility>

#include "log/events/details.h"
#include "log/events/stored_lines.h"
#include "log/events/undecoded.h"

namespace postmortem {
namespace {

constexpr std::size_t max_lines = 256;
constexpr std::size_t lines_behind = 48;  // a trace of usual length, registers, "Code:"

}  // namespace

void LostHead::read(const LogRecord& record, bool is_part) {
    if (is_part) room_ = lines_behind;
    if (room_ == 0) return;
    --room_;
    if (lines_.size() >= max_lines) lines_.erase(lines_.begin(), lines_.begin() + max_lines / 2);
    Undecoded plain = undecoded(record.text);
    lines_.push_back({.line = record.line,
                      .text = std::string(record.text.substr(0, longest_stored_line)),
                      .plain = std::move(plain.text),
                      .source = std::move(plain.source)});
}

void LostHead::forget() {
    lines_.clear();
    room_ = 0;
}

std::vector<ReportLine> LostHead::take() {
    room_ = 0;
    return std::exchange(lines_, {});
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
