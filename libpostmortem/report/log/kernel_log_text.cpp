// `log` as crash 9 prints it, to the byte: a record's lines after the first are indented below its text, a
// byte that is not printable ASCII is a dot, a record without data is an empty line. One whose text could not
// be read says so: crash prints nothing for it.
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

#include <postmortem/log_text.h>
#include <postmortem/render.h>

#include "base/text.h"
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

std::string wall_clock(std::int64_t seconds, const LogPrinting& how) {
    if (how.zone == LogZone::Dump) seconds += std::int64_t{60} * how.zone_minutes;
    const auto time = static_cast<std::time_t>(seconds);
    std::tm broken{};
    char buffer[64];
    const bool known = how.zone == LogZone::Local ? localtime_r(&time, &broken) : gmtime_r(&time, &broken);
    if (!known) return fmt::format("{}", seconds);
    std::string zone = how.zone == LogZone::Local ? "%Z" : "UTC";
    if (how.zone == LogZone::Dump)
        zone = fmt::format("{}{:02}{:02}", how.zone_minutes < 0 ? '-' : '+', std::abs(how.zone_minutes) / 60,
                           std::abs(how.zone_minutes) % 60);
    const std::string format = "%a %b %e %T " + zone + " %Y";
    return std::string(buffer, std::strftime(buffer, sizeof buffer, format.c_str(), &broken));
}

void append_time(std::string& out, std::uint64_t time_ns, const LogPrinting& how) {
    const std::uint64_t seconds = time_ns / ns_per_second;
    if (how.human_times && how.boot_time) {
        out += '[';
        out += wall_clock(*how.boot_time + static_cast<std::int64_t>(seconds), how);
        out += "] ";
    } else {
        fmt::format_to(std::back_inserter(out), "[{:>5}.{:06}] ", seconds,
                       time_ns % ns_per_second / ns_per_us);
    }
}

// Padded as the kernel pads it (print_caller() in kernel/printk/printk.c).
void append_caller(std::string& out, const PrintkCaller& caller) {
    const auto& number = caller.interrupt ? caller.cpu : caller.pid;
    if (number)
        fmt::format_to(std::back_inserter(out), "[{:>6}] ",
                       fmt::format("{}{}", caller.interrupt ? 'C' : 'T', *number));
}

void append_dictionary(std::string& out, const PrintkRecord& record, std::size_t indent) {
    for (const auto& [name, value] : record.dictionary) {
        out += '\n';
        out.append(indent, ' ');
        for (const char c : name + "=" + value) out += is_printable_ascii(c) ? c : '.';
    }
}

}  // namespace

std::string to_text(const KernelLog& log, const LogPrinting& how) {
    std::string out;
    std::size_t size = 0;
    for (const PrintkRecord& record : log.records) size += record.text.size() + 16;
    out.reserve(size);
    for (const PrintkRecord& record : log.records) {
        const std::size_t line_start = out.size();
        std::size_t indent = 0;
        if (record.text_state != PrintkText::EmptyLine && record.text_state != PrintkText::Dropped) {
            if (how.times && record.time_ns) append_time(out, *record.time_ns, how);
            if (how.callers && record.caller) append_caller(out, *record.caller);
            if (how.levels && record.level) fmt::format_to(std::back_inserter(out), "<{}>", *record.level);
            indent = out.size() - line_start;
            if (record.text_state == PrintkText::Unreadable)
                out += "(text unreadable)";
            else
                append_text(out, record.text, indent, how.for_terminal);
        }
        if (how.dictionaries) append_dictionary(out, record, indent);
        out += '\n';
    }
    return out;
}

std::string to_text(const KernelLog& log, bool for_terminal) {
    LogPrinting how;
    how.for_terminal = for_terminal;
    return to_text(log, how);
}

std::string to_text(const UnsentAudits& audits) {
    if (audits.messages.empty() && audits.problems.empty()) return "log: kernel audit log is empty\n";
    std::string out;
    for (const UnsentAudit& message : audits.messages)
        out += fmt::format("type={} {}\n", message.type, dotted(message.text));
    return out;
}

std::string to_text(const PrintkSafeBuffers& buffers) {
    std::string out;
    const std::string* name = nullptr;
    for (const PrintkSafeBuffer& buffer : buffers.buffers) {
        if (!name || *name != buffer.name) out += fmt::format("PRINTK_SAFE_SEQ_BUF: {}\n", buffer.name);
        name = &buffer.name;
        const auto number = [](const std::optional<std::uint64_t>& value) {
            return value ? fmt::format("{}", *value) : std::string("-");
        };
        out += fmt::format("CPU: {}  ADDR: {:x} LEN: {}  MESSAGE_LOST: {}\n", buffer.cpu, buffer.address,
                           number(buffer.length), number(buffer.lost));
        out += "  ";
        if (buffer.length == 0u)
            out += "(empty)";
        else
            append_text(out, trimmed(buffer.text), 2, false);
        out += "\n\n";
    }
    return out;
}

}  // namespace postmortem
