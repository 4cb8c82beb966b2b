#include "log/text/prefix_holes.h"

#include <algorithm>
#include <array>

#include "log/text/json_keys.h"

namespace postmortem {
namespace {

struct LevelName {
    std::string_view name;
    int level;
};
constexpr std::array<LevelName, 16> level_names = {{{"emergency", 0},
                                                    {"emerg", 0},
                                                    {"panic", 0},
                                                    {"alert", 1},
                                                    {"critical", 2},
                                                    {"crit", 2},
                                                    {"error", 3},
                                                    {"err", 3},
                                                    {"warning", 4},
                                                    {"warn", 4},
                                                    {"notice", 5},
                                                    {"information", 6},
                                                    {"info", 6},
                                                    {"debug", 7},
                                                    {"dbg", 7},
                                                    {"verbose", 7}}};

constexpr std::array<std::string_view, 24> facilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",      "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "security", "console",
    "local0", "local1", "local2",   "local3", "local4", "local5", "local6",   "local7"};

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

const LevelName* level_at(std::string_view text) {
    const char first = text.empty() ? '\0' : lower(text.front());
    for (const LevelName& one : level_names) {
        if (one.name.front() != first) continue;
        const std::string_view word = text.substr(0, one.name.size());
        const bool equal = std::equal(word.begin(), word.end(), one.name.begin(), one.name.end(),
                                      [](char a, char b) { return lower(a) == b; });
        if (equal && (text.size() == word.size() || !is_alpha(text[word.size()]))) return &one;
    }
    return nullptr;
}

bool take_level(Cursor& cursor) {
    const LevelName* const level = level_at(cursor.rest());
    return level != nullptr && (cursor = Cursor(cursor.rest().substr(level->name.size())), true);
}

bool take_facility(Cursor& cursor) {
    const std::string_view word = cursor.take_while([](char c) { return is_alpha(c) || is_digit(c); });
    return std::find(facilities.begin(), facilities.end(), word) != facilities.end();
}

bool take_priority(Cursor& cursor) {
    const std::size_t before = cursor.rest().size();
    const auto value = cursor.number();
    return value && before - cursor.rest().size() <= 4 && *value <= 1023;
}

bool is_tag(std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return is_symbol(c) || c == '-' || c == '/' || c == '(' || c == ')' || c == '@';
    });
}

// "kernel:", "systemd[1]:"; `strict` takes no bare word but the kernel's.
bool take_tag(Cursor& cursor, bool strict) {
    const std::string_view name =
        cursor.take_while([](char c) { return c != ':' && c != '[' && !is_blank(c); });
    if (!is_tag(name)) return false;
    bool numbered = false;
    if (cursor.take('[')) {
        numbered = !cursor.take_while([](char c) { return c != ']' && !is_blank(c); }).empty();
        if (!cursor.take("]") || !numbered) return false;
    }
    if (!cursor.take(':') || (strict && !numbered && name != "kernel")) return false;
    cursor.take(' ');
    return true;
}

bool take_kernel(Cursor& cursor) {
    if (!cursor.take("kernel:")) return false;
    if (cursor.peek() != '[' && !is_blank(cursor.peek()) && !cursor.at_end()) return false;
    cursor.take(' ');
    return true;
}

std::string_view ended_word(Cursor& cursor, char end) {
    return cursor.take_while([end](char c) { return !is_blank(c) && c != end; });
}

bool take_host(Cursor& cursor, char end) {
    const std::string_view host = ended_word(cursor, end);
    if (host.empty() || host.front() == '[' || host.front() == '<' || host.size() > 255) return false;
    return host.back() != ':' || host.front() == ':';
}

bool take_program(Cursor& cursor, char end) {
    const std::string_view program = ended_word(cursor, end);
    return !program.empty() && program.back() != ':';
}

bool take_caller(Cursor& cursor) {
    return (cursor.take('T') || cursor.take('C')) && !cursor.take_while(is_digit).empty();
}

bool take_flags(Cursor& cursor) {
    const auto flags = cursor.take_while([](char c) { return c != ';'; });
    return flags.size() <= 96 && !cursor.at_end();
}

std::string_view caller_in(std::string_view flags) {
    constexpr std::string_view key = "caller=";
    const std::size_t at = flags.find(key);
    if (at == std::string_view::npos) return {};
    const std::string_view caller = flags.substr(at + key.size());
    return caller.substr(0, caller.find(','));
}

bool take_structured(Cursor& cursor) {
    if (cursor.take('-')) return true;
    if (cursor.peek() != '[') return false;
    while (cursor.take('[')) {
        if (!cursor.until("]")) return false;
    }
    return true;
}

// Padded with blanks to eight characters; where the kernel's message has none it is all blanks, which the
// shape has taken.
bool take_log_tag(Cursor& cursor) {
    (void)(cursor.take(": ") || cursor.take("kernel  : ") || cursor.take("kernel: "));
    return true;
}

// Its name may have the colon that ends it: "kworker/1:2".
bool take_task(Cursor& cursor, char end) {
    constexpr std::size_t longest = 24;
    const std::string_view rest = cursor.rest().substr(0, longest + 16);
    const std::size_t close = rest.find(']');
    const std::size_t size = end == ':' ? rest.substr(0, close).rfind(end) : rest.find(end);
    if (size == 0 || size > longest) return false;
    cursor = Cursor(cursor.rest().substr(size));
    return true;
}

// "/var/log/messages-20231012", "kern.log.1"; a driver's name is none.
bool take_path(Cursor& cursor) {
    constexpr std::array<std::string_view, 6> logs = {"messages", "syslog",  "kern.log",
                                                      "dmesg",    "console", "vmcore-dmesg.txt"};
    const std::string_view path =
        cursor.take_while([](char c) { return is_symbol(c) || c == '/' || c == '-' || c == '@'; });
    if (path.starts_with('/') && path.find("/log/") != std::string_view::npos) return true;
    // "syslog: ", "console: " are prefixes of drivers.
    const bool is_word = path.find_first_of("/.-") == std::string_view::npos && path != "messages";
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return !is_word && std::any_of(logs.begin(), logs.end(),
                                   [name](std::string_view log) { return name.starts_with(log); });
}

// "c0 ff 33 1a" is no CPU but bytes.
bool opens_hex_dump(std::string_view text) {
    return text.size() >= 6 && is_hex(text[0]) && is_hex(text[1]) && text[2] == ' ' && is_hex(text[3]) &&
           is_hex(text[4]) && text[5] == ' ';
}

std::optional<int> small_number(std::string_view text) {
    const auto value = Cursor(text).number();
    return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

bool take_time_hole(Hole hole, Cursor& cursor, LineTimes& times) {
    switch (hole) {
        case Hole::Delta: return times.take_delta(cursor);
        case Hole::Usec: return cursor.number().has_value();
        case Hole::Date: return times.take_date(cursor);
        case Hole::Clock: return take_clock(cursor);
        case Hole::Year: return take_digits(cursor, 4, 4);
        case Hole::TwoDigits: return take_digits(cursor, 1, 2);
        case Hole::Day: cursor.skip_blanks(); return take_digits(cursor, 1, 2);
        case Hole::Month: return take_month(cursor);
        case Hole::Epoch: return take_epoch(cursor);
        default: return take_zone(cursor);
    }
}

}  // namespace

bool take_seldom_hole(Hole hole, char next, Cursor& cursor, LineTimes& times) {
    switch (hole) {
        case Hole::AnyBlanks: cursor.skip_blanks(); return true;
        case Hole::Host: return take_host(cursor, next);
        case Hole::Kernel: return take_kernel(cursor);
        case Hole::Program: return take_program(cursor, next);
        case Hole::Tag: return take_tag(cursor, false);
        case Hole::StrictTag: return take_tag(cursor, true);
        case Hole::Priority: return take_priority(cursor);
        case Hole::Level: return take_level(cursor);
        case Hole::Facility: return take_facility(cursor);
        case Hole::Letter: return cursor.peek() >= 'A' && cursor.peek() <= 'Z' && cursor.take(cursor.peek());
        case Hole::Cpu: return take_digits(cursor, 1, 3);
        case Hole::Pid:
        case Hole::Number: return cursor.number().has_value();
        case Hole::Task: return take_task(cursor, next);
        case Hole::Caller: return take_caller(cursor);
        case Hole::Word: return !ended_word(cursor, next).empty();
        case Hole::Release: return ended_word(cursor, next).find('.') != std::string_view::npos;
        case Hole::Flags: return take_flags(cursor);
        case Hole::Structured: return take_structured(cursor);
        case Hole::LogTag: return take_log_tag(cursor);
        case Hole::Path: return take_path(cursor);
        case Hole::Object: return opens_object(cursor.rest());
        case Hole::NoHexDump: return !opens_hex_dump(cursor.rest());
        case Hole::End: return cursor.at_end() || is_blank(cursor.peek()) || cursor.peek() == ']';
        default: return take_time_hole(hole, cursor, times);
    }
}

bool tells_something(Hole hole) {
    switch (hole) {
        case Hole::Seconds:
        case Hole::Delta:
        case Hole::Usec:
        case Hole::Date:
        case Hole::Host:
        case Hole::Program:
        case Hole::Kernel:
        case Hole::Tag:
        case Hole::StrictTag:
        case Hole::LogTag:
        case Hole::Priority:
        case Hole::Level:
        case Hole::Facility:
        case Hole::Cpu:
        case Hole::Task:
        case Hole::Caller:
        case Hole::Flags: return true;
        default: return false;
    }
}

void tell(Hole hole, std::string_view text, const LineTimes& times, LogRecord& record) {
    switch (hole) {
        case Hole::Seconds: record.seconds = times.seconds(); return;
        case Hole::Delta: record.delta = times.delta(); return;
        case Hole::Usec:
            record.seconds = static_cast<double>(Cursor(text).number().value_or(0)) * 1e-6;
            return;
        case Hole::Date: record.time = times.date(); return;
        case Hole::Host:  // dots: somebody left it out
            if (text.find_first_not_of('.') != std::string_view::npos) record.host = text;
            return;
        case Hole::LogTag:
            if (text.empty()) return;
            [[fallthrough]];
        case Hole::Kernel: record.program = "kernel"; return;
        case Hole::Program: record.program = text; return;
        case Hole::Tag:
        case Hole::StrictTag: record.program = text.substr(0, text.find_first_of(":[")); return;
        case Hole::Priority: {
            const int value = small_number(text).value_or(0);
            record.level = value & 7;
            if (value >= 8) record.from_user = true;
            return;
        }
        case Hole::Level: record.level = level_at(text)->level; return;
        case Hole::Facility: record.from_user = text != "kern"; return;
        case Hole::Cpu: record.cpu = small_number(text); return;
        case Hole::Task: record.task = text; return;
        case Hole::Caller: record.caller = text; return;
        case Hole::Flags:
            if (const std::string_view caller = caller_in(text); !caller.empty()) record.caller = caller;
            return;
        default: return;
    }
}

}  // namespace postmortem
