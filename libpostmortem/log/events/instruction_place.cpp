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

// The function that an address lies in, if any line names one that reaches so far.
std::string place_of(std::uint64_t address, const Report& report) {
    for (std::size_t i = 0; i < report.own_lines; ++i) {
        const auto frame = parse_frame(report.lines[i].text);
        if (!frame || !frame->address || !frame->offset || !frame->size) continue;
        const std::uint64_t offset = address - (*frame->address - *frame->offset);
        if (offset >= *frame->size) continue;
        const std::string module = frame->module.empty() ? "" : fmt::format(" [{}]", frame->module);
        return fmt::format("{}+{:#x}/{:#x}{}", frame->symbol, offset, *frame->size, module);
    }
    return fmt::format("{:#x}", address);
}

void rename(ReportLine& line, const LogFrame& frame, const std::string& place) {
    const std::size_t at = line.text.find(frame.symbol + "+");
    if (at == std::string::npos) return;
    const std::size_t end = std::min(line.text.find(')', at), line.text.size());
    line.plain = line.text.substr(0, at) + place + line.text.substr(end);
}

}  // namespace

void name_instruction(Report& report) {
    const auto end = report.lines.begin() + static_cast<std::ptrdiff_t>(report.own_lines);
    std::uint64_t behind = contains(report.headline(), "WARNING: ") ? monitor_call_bytes : 0;
    for (auto line = report.lines.begin(); line != end; ++line) {
        behind = bytes_behind(line->text).value_or(behind);
        const auto psw = psw_address(line->text);
        if (!psw) continue;
        const auto named = parse_instruction_pointer(line->text);
        if (!named || !named->offset || *named->offset >= behind) return;
        const std::string place = place_of(*psw - behind, report);
        rename(*line, *named, place);
        const auto repeats = std::find_if(line, end, [&](const ReportLine& other) {
            const auto frame = parse_frame(other.text);
            return frame && frame->address == psw;
        });
        if (repeats != end) rename(*repeats, *named, place);
        return;
    }
}

}  // namespace postmortem
