#include "log/text/prefix.h"

#include <algorithm>
#include <array>

#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 8> level_names = {"emerg", "alert",  "crit", "err",
                                                         "warn",  "notice", "info", "debug"};

template <std::size_t N>
bool take_any(Cursor& cursor, const std::array<std::string_view, N>& names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return cursor.take(name); });
}

std::string_view between(std::string_view whole, const Cursor& cursor) {
    return whole.substr(0, whole.size() - cursor.rest().size());
}

// "HH:MM:SS", with a fraction and a zone where they follow; dmesg -H leaves the seconds out.
bool take_clock(Cursor& cursor) {
    Cursor at = cursor;
    for (int field = 0; field < 3; ++field) {
        if (field == 2 && at.peek() == ']') break;
        if (field != 0 && !at.take(':')) return false;
        if (at.take_while(is_digit).size() != 2) return false;
    }
    if (at.peek() == '.' || at.peek() == ',') {
        at.take_while([](char c) { return is_digit(c) || c == '.' || c == ','; });
    }
    if (!at.take('Z')) {
        Cursor zone = at;
        if ((zone.take('+') || zone.take('-')) &&
            zone.take_while([](char c) { return is_digit(c) || c == ':'; }).size() >= 4) {
            at = zone;
        }
    }
    cursor = at;
    return true;
}

// "2024-01-02T03:04:05.678+00:00", or with a blank between date and time.
bool take_iso_date(Cursor& cursor) {
    Cursor at = cursor;
    if (at.take_while(is_digit).size() != 4 || !at.take('-')) return false;
    if (at.take_while(is_digit).size() != 2 || !at.take('-')) return false;
    if (at.take_while(is_digit).size() != 2) return false;
    if (!at.take('T') && !at.take(' ')) return false;
    if (!take_clock(at)) return false;
    cursor = at;
    return true;
}

// "Jan 11 22:31:37", with a year on either side where a logger writes one.
bool take_syslog_date(Cursor& cursor) {
    Cursor at = cursor;
    Cursor year = at;
    if (year.take_while(is_digit).size() == 4 && year.take(' ')) at = year;
    if (!take_any(at, months)) return false;
    at.skip_blanks();
    const std::size_t day = at.take_while(is_digit).size();
    if (day == 0 || day > 2 || !at.take(' ')) return false;
    year = at;
    if (year.take_while(is_digit).size() == 4 && year.take(' ')) at = year;
    if (!take_clock(at)) return false;
    year = at;
    if (year.take(' ') && year.take_while(is_digit).size() == 4 &&
        (year.at_end() || year.peek() == ' ' || year.peek() == ']'))
        at = year;
    cursor = at;
    return true;
}

// A date in any of the loggers' forms, with the weekday and the zone name that some add.
bool take_date(Cursor& cursor, LogRecord& record) {
    const std::string_view whole = cursor.rest();
    Cursor at = cursor;
    if (take_any(at, weekdays) && !at.take(' ')) return false;
    if (!take_iso_date(at) && !take_syslog_date(at)) return false;
    record.time = between(whole, at);
    Cursor zone = at;  // journalctl -o short-full: "... 03:04:05 UTC host kernel: ..."
    if (zone.take(' ')) {
        const std::string_view name = zone.take_while([](char c) { return c >= 'A' && c <= 'Z'; });
        if (name.size() >= 3 && name.size() <= 5 && zone.peek() == ' ') at = zone;
    }
    cursor = at;
    return true;
}

bool is_tag(std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
        return is_symbol(c) || c == '-' || c == '/' || c == '(' || c == ')' || c == '@';
    });
}

// "kernel:", "systemd[1]:"; `strict` takes no bare word but the kernel's.
bool take_tag(Cursor& cursor, LogRecord& record, bool strict) {
    Cursor at = cursor;
    const std::string_view name = at.take_while([](char c) { return c != ':' && c != '[' && !is_blank(c); });
    if (!is_tag(name)) return false;
    bool numbered = false;
    if (at.take('[')) {
        at.take_while([](char c) { return c != ']' && !is_blank(c); });
        if (!at.take("]")) return false;
        numbered = true;
    }
    if (!at.take(':')) return false;
    if (strict && !numbered && name != "kernel") return false;
    at.take(' ');
    record.program = name;
    cursor = at;
    return true;
}

// "host kernel: ", "host kern.warn kernel: ", "kern.warn kernel: ", "kernel: ".
bool take_host_and_tag(Cursor& cursor, LogRecord& record, bool strict) {
    Cursor at = cursor;
    at.skip_blanks();
    if (at.take("kernel: ")) {
        record.program = "kernel";
        cursor = at;
        return true;
    }
    const std::string_view host = at.word();
    if (host.empty() || host.front() == '[' || host.front() == '<' || (strict && host.back() == ':'))
        return false;
    if (!at.take(' ')) return false;
    at.skip_blanks();
    Cursor facility = at;
    if (facility.take_while([](char c) { return is_alpha(c) || is_digit(c); }).size() > 2 &&
        facility.take('.') && take_any(facility, level_names)) {
        facility.word();
        facility.skip_blanks();
        at = facility;
    }
    if (!take_tag(at, record, strict)) return false;
    if (host.find_first_not_of('.') != std::string_view::npos) record.host = host;  // dots: somebody left it out
    cursor = at;
    return true;
}

// "12.345678" and what printk variants put behind it: "<  0.000012>", "@0", ",1".
std::optional<double> take_seconds(Cursor& cursor) {
    static constexpr std::array<double, 10> scale = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};
    Cursor at = cursor;
    const auto whole = at.number();
    if (!whole || !at.take('.')) return std::nullopt;
    const std::size_t before = at.rest().size();
    const auto fraction = at.number();
    const std::size_t digits = before - at.rest().size();
    if (!fraction || digits < 3 || digits >= scale.size()) return std::nullopt;
    cursor = at;
    return static_cast<double>(*whole) + static_cast<double>(*fraction) * scale[digits];
}

bool take_timestamp(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    if (!at.take('[')) return false;
    at.skip_blanks();
    at.take('+');  // dmesg -H: seconds since the line before
    at.skip_blanks();
    const auto seconds = take_seconds(at);
    if (!seconds) return false;
    at.skip_blanks();
    if (at.peek() == '<' && !at.until(">")) return false;
    if (at.take('@') || at.take(',')) at.take_while(is_digit);
    if (!at.take(']')) return false;
    record.seconds = seconds;
    cursor = at;
    return true;
}

// "[  T123]", "[    C1]" of CONFIG_PRINTK_CALLER.
bool take_caller(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    if (!at.take('[')) return false;
    at.skip_blanks();
    const std::string_view inside = at.rest();
    if (!at.take('T') && !at.take('C')) return false;
    if (at.take_while(is_digit).empty()) return false;
    const std::string_view caller = between(inside, at);
    if (!at.take(']')) return false;
    record.caller = caller;
    cursor = at;
    return true;
}

// "[Mon Jan  1 12:00:00 2024]" of dmesg -T, "[2024-01-02 03:04:05]" of console loggers.
bool take_bracketed_date(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    if (!at.take('[') || !take_date(at, record) || !at.take(']')) return false;
    cursor = at;
    return true;
}

bool take_level(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    if (!at.take('<')) return false;
    const std::size_t digits = at.rest().size();
    const auto value = at.number();
    if (!value || digits - at.rest().size() > 3 || !at.take('>')) return false;
    record.level = static_cast<int>(*value & 7);
    Cursor version = at;  // RFC 5424 writes its version here
    if (version.take("1 ") && is_digit(version.peek())) at = version;
    cursor = at;
    return true;
}

// dmesg -x: "kern  :warn  : ".
bool take_decoded_level(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    if (!at.take("kern") && !at.take("user") && !at.take("daemon") && !at.take("syslog")) return false;
    at.skip_blanks();
    if (!at.take(':')) return false;
    for (std::size_t i = 0; i < level_names.size(); ++i) {
        if (!at.take(level_names[i])) continue;
        at.skip_blanks();
        if (!at.take(':')) return false;
        record.level = static_cast<int>(i);
        cursor = at;
        return true;
    }
    return false;
}

// /dev/kmsg and extended netconsole: "4,1234,5678901,-[,caller=T1];".
bool take_kmsg_header(Cursor& cursor, LogRecord& record) {
    Cursor at = cursor;
    const auto priority = at.number();
    if (!priority || *priority > 1023 || !at.take(',')) return false;
    if (!at.number() || !at.take(',')) return false;
    const auto microseconds = at.number();
    if (!microseconds || !at.take(',')) return false;
    const auto flags = at.until(";");
    if (!flags || flags->size() > 64) return false;
    if (const std::size_t caller = flags->find("caller="); caller != std::string_view::npos) {
        record.caller = flags->substr(caller + 7, flags->find(',', caller) - caller - 7);
    }
    record.level = static_cast<int>(*priority & 7);
    record.seconds = static_cast<double>(*microseconds) * 1e-6;
    cursor = at;
    return true;
}

// The quoting of a mail: "> > text", "| text". A memory dump's ">ffff8880" has no blank behind it.
void skip_quoting(Cursor& cursor) {
    Cursor at = cursor;
    while (at.take('>') || at.take('|')) {
        if (at.peek() != ' ' && at.peek() != '>' && at.peek() != '[' && !at.at_end()) return;
        at.take(' ');
        cursor = at;
    }
}

}  // namespace

void strip_prefix(std::string_view line, LogRecord& record) {
    Cursor cursor(line);
    skip_quoting(cursor);
    bool dated = false;
    for (int nesting = 0; nesting < 8; ++nesting) {
        Cursor at = cursor;
        if (!record.seconds) at.skip_blanks();
        const char first = at.peek();
        bool taken = false;
        if (first == '[') {
            if (record.seconds) {
                taken = take_caller(at, record);
                if (!taken && record.caller.empty()) taken = take_timestamp(at, record);
            } else {
                taken = take_timestamp(at, record) || take_bracketed_date(at, record);
            }
            // journalctl -o short-monotonic, short-delta
            if (taken && record.program.empty() &&
                at.rest().substr(0, 72).find(" kernel: ") != std::string_view::npos) {
                take_host_and_tag(at, record, true);
            }
        } else if (record.seconds) {
            // dmesg of util-linux 2.40: "[    0.123456] [    T1] "
            at.skip_blanks();
            taken = record.caller.empty() && at.peek() == '[' && take_caller(at, record);
            if (!taken) break;
        } else if (first == '<') {
            taken = take_level(at, record);
        } else if (is_digit(first)) {
            taken = take_kmsg_header(at, record);
        } else if (first == 'k' || first == 'u' || first == 'd' || first == 's') {
            taken = take_decoded_level(at, record);
        }
        if (!taken && !dated && (is_digit(first) || (first >= 'A' && first <= 'Z'))) {
            taken = dated = take_date(at, record);
            if (taken) take_host_and_tag(at, record, record.time.find('-') != std::string_view::npos);
        }
        // "kernel: ", "host kernel: ": somebody cut the dates off, or put dots in their place.
        if (!taken && nesting == 0 && at.rest().substr(0, 72).find("kernel: ") != std::string_view::npos) {
            taken = take_host_and_tag(at, record, true);
        }
        if (!taken) break;
        cursor = at;
    }
    if (record.seconds || dated || !record.time.empty() || !record.program.empty()) cursor.take(' ');
    record.text = cursor.rest();
}

std::size_t find_timestamp(std::string_view text) {
    for (std::size_t at = text.find('['); at != std::string_view::npos; at = text.find('[', at + 1)) {
        if (at + 1 >= text.size() || !(is_digit(text[at + 1]) || text[at + 1] == ' ')) continue;
        LogRecord unused;
        Cursor cursor(text.substr(at));
        if (take_timestamp(cursor, unused)) return at;
    }
    return std::string_view::npos;
}

}  // namespace postmortem
