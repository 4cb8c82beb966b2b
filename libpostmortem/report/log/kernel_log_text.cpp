// `log` as crash 9 prints it, to the byte: a record's lines after the first are indented below its text, a
// byte that is not printable ASCII is a dot, a record without data is an empty line. One whose text could not
// be read says so: crash prints nothing for it.
#include <fmt/format.h>

#include <postmortem/render.h>

#include "output/dotted.h"

namespace postmortem {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000, ns_per_us = 1000;

bool is_kept(char c, bool for_terminal) {
    if (is_printable_ascii(c)) return true;
    return c == '\t' || (!for_terminal && (c == '\r' || c == '\v' || c == '\f'));
}

void append_text(std::string& out, std::string_view text, std::size_t indent, bool for_terminal) {
    for (const char c : text) {
        if (c == '\n') {
            out += c;
            out.append(indent, ' ');
        } else {
            out += is_kept(c, for_terminal) ? c : '.';
        }
    }
}

}  // namespace

std::string to_text(const KernelLog& log, bool for_terminal) {
    std::string out;
    std::size_t size = 0;
    for (const PrintkRecord& record : log.records) size += record.text.size() + 16;
    out.reserve(size);
    for (const PrintkRecord& record : log.records) {
        if (record.text_state != PrintkText::EmptyLine && record.text_state != PrintkText::Dropped) {
            const std::size_t line_start = out.size();
            if (record.time_ns)
                fmt::format_to(std::back_inserter(out), "[{:>5}.{:06}] ", *record.time_ns / ns_per_second,
                               *record.time_ns % ns_per_second / ns_per_us);
            if (record.text_state == PrintkText::Unreadable)
                out += "(text unreadable)";
            else
                append_text(out, record.text, out.size() - line_start, for_terminal);
        }
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
