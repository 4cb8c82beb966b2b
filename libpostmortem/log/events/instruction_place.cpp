#include "log/events/instruction_place.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "log/events/frame.h"
#include "log/events/program_interruption.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::string_view psw_label = "Krnl PSW : ";

// WARN() and BUG() are "mc 0,0".
constexpr std::uint64_t monitor_call_bytes = 4;

// "monitor event: 0040 ilc:2 [#1] SMP", arch/s390/kernel/dumpstack.c: die(); counted in halfwords.
std::optional<std::uint64_t> bytes_behind(std::string_view line) {
    constexpr std::string_view label = " ilc:";
    constexpr std::size_t digits = 4;
    const std::size_t at = line.find(label);
    if (at == std::string_view::npos || at < digits) return std::nullopt;
    const auto code = parse_u64(line.substr(at - digits, digits), 16);
    const auto halfwords = Cursor(line.substr(at + label.size())).number();
    if (!code || !halfwords || *halfwords == 0 || *halfwords > 3) return std::nullopt;
    constexpr std::uint64_t recorded = 0x80;
    return leaves_psw_behind(*code & ~recorded) ? *halfwords * 2 : 0;
}

// Its second half: "Krnl PSW : 0704c00180000000 000003ff7e970988 (f+0x0/0x50 [m])"
std::optional<std::uint64_t> psw_address(std::string_view line) {
    const std::size_t at = line.find(psw_label);
    if (at == std::string_view::npos) return std::nullopt;
    Cursor cursor(line.substr(at + psw_label.size()));
    cursor.take_while(is_hex);
    cursor.skip_blanks();
    return parse_u64(cursor.take_while(is_hex), 16);
}

std::string place_text(const LogFrame& frame, std::uint64_t offset) {
    const std::string module = frame.module.empty() ? "" : fmt::format(" [{}]", frame.module);
    const std::string size = frame.size ? fmt::format("/{:#x}", *frame.size) : "";
    return fmt::format("{}+{:#x}{}{}", frame.symbol, offset, size, module);
}

std::string place_before(const LogFrame& named, std::uint64_t bytes) {
    return place_text(named, *named.offset - bytes);
}

// The function that an address lies in, if any line names one that reaches so far.
std::string place_of(std::uint64_t address, const Report& report) {
    for (std::size_t i = 0; i < report.own_lines; ++i) {
        const auto frame = parse_frame(report.lines[i].text);
        if (!frame || !frame->address || !frame->offset || !frame->size) continue;
        const std::uint64_t offset = address - (*frame->address - *frame->offset);
        if (offset >= *frame->size) continue;
        return place_text(*frame, offset);
    }
    return fmt::format("{:#x}", address);
}

void rename(ReportLine& line, const LogFrame& frame, const std::string& place) {
    const std::size_t at = line.text.find(frame.symbol + "+");
    if (at == std::string::npos) return;
    const std::size_t end = std::min(line.text.find(')', at), line.text.size());
    line.plain = line.text.substr(0, at) + place + line.text.substr(end);
}

// A panic that was made of a WARN() shows what that interrupted below the exception's entry.
void name_warning(Report& report) {
    const auto end = report.lines.begin() + static_cast<std::ptrdiff_t>(report.own_lines);
    const auto behind = [&](std::vector<ReportLine>::iterator from, std::string_view function) {
        const auto frame = std::find_if(from, end, [&](const ReportLine& line) {
            return contains(line.text, function) && parse_frame(line.text);
        });
        return frame == end ? end : frame + 1;
    };
    const auto warned =
        behind(behind(report.lines.begin(), "monitor_event_exception+"), "pgm_check_handler+");
    if (warned == end) return;
    const auto named = parse_frame(warned->text);
    if (named && named->offset && *named->offset >= monitor_call_bytes)
        rename(*warned, *named, place_before(*named, monitor_call_bytes));
}

}  // namespace

void name_instruction(Report& report) {
    if (contains(report.headline(), "Kernel panic - not syncing: ")) return name_warning(report);
    const auto end = report.lines.begin() + static_cast<std::ptrdiff_t>(report.own_lines);
    std::uint64_t behind = contains(report.headline(), "WARNING: ") ? monitor_call_bytes : 0;
    for (auto line = report.lines.begin(); line != end; ++line) {
        behind = bytes_behind(line->text).value_or(behind);
        const auto psw = psw_address(line->text);
        if (!psw) continue;
        const auto named = parse_instruction_pointer(line->text);
        if (!named || !named->offset || behind == 0) return;
        const std::string place =
            *named->offset >= behind ? place_before(*named, behind) : place_of(*psw - behind, report);
        rename(*line, *named, place);
        const auto repeats = std::find_if(line, end, [&](const ReportLine& other) {
            const auto frame = parse_frame(other.text);
            return frame && frame->address == psw;
        });
        if (repeats != end) rename(*repeats, *named, place);
        return;
    }
}

void LastBranch::read(std::string_view line) {
    if (follows_ && !branch_) branch_ = parse_frame(line);
    follows_ = contains(line, "Last Breaking-Event-Address:");
    if (psw_address(line)) is_nowhere_ = !parse_instruction_pointer(line);
}

}  // namespace postmortem
