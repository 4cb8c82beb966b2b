#include "log/text/prefix_time.h"

#include <algorithm>
#include <array>
#include <vector>

#include "log/text/month_names.h"
#include "log/text/prefix_pattern.h"
#include "log/text/prefix_shapes.h"

namespace postmortem {
namespace {

std::string_view between(const Cursor& from, const Cursor& to) {
    return from.rest().substr(0, from.rest().size() - to.rest().size());
}

}  // namespace

bool take_clock(Cursor& cursor) {
    Cursor at = cursor;
    for (int field = 0; field < 3; ++field) {
        if (field == 2 && at.peek() == ']') break;
        if (field != 0 && !at.take(':')) return false;
        const std::size_t digits = at.take_while(is_digit).size();
        if (digits != 2 && !(field == 0 && digits == 1)) return false;
    }
    Cursor fraction = at;
    if ((fraction.take('.') || fraction.take(',')) && !fraction.take_while(is_digit).empty()) at = fraction;
    if (!at.take('Z')) {
        Cursor zone = at;
        zone.take(' ');
        if ((zone.take('+') || zone.take('-')) &&
            zone.take_while([](char c) { return is_digit(c) || c == ':'; }).size() >= 4) {
            at = zone;
        }
    }
    if (!at.take(" AM")) at.take(" PM");
    cursor = at;
    return true;
}

// Nearly all of them end in "time"; a slab called "RAW" is none.
bool take_zone(Cursor& cursor) {
    const std::string_view name = cursor.take_while([](char c) { return c >= 'A' && c <= 'Z'; });
    return name.size() >= 3 && name.size() <= 5 && (name.back() == 'T' || name == "UTC" || name == "MSK");
}

bool take_digits(Cursor& cursor, std::size_t least, std::size_t most) {
    const std::size_t digits = cursor.take_while(is_digit).size();
    return digits >= least && digits <= most;
}

bool take_epoch(Cursor& cursor) {
    if (cursor.peek() != '1' && cursor.peek() != '2') return false;
    return take_digits(cursor, 10, 10) && cursor.take('.') && take_digits(cursor, 3, 9) && !cursor.at_end() &&
           !is_symbol(cursor.peek());
}

bool take_month(Cursor& cursor) {
    Cursor at = cursor;
    at.skip_blanks();
    // In Chinese, Japanese and Korean a month begins with its number; elsewhere a day may follow at once.
    at.take_while(is_digit);
    at.take_while([](char c) { return !is_blank(c) && !is_digit(c) && c != ',' && c != '-' && c != '/'; });
    if (month_number(between(cursor, at)) == 0) return false;
    cursor = at;
    return true;
}

bool take_seconds(Cursor& cursor, double& seconds) {
    static constexpr std::array<double, 10> scale = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9};
    constexpr std::size_t most_digits = 18;
    const std::string_view text = cursor.rest();
    std::size_t at = 0;
    const auto digits_from = [&](std::size_t begin) {
        const std::size_t end = std::min(text.size(), begin + most_digits);
        std::uint64_t value = 0;
        for (at = begin; at < end; ++at) {
            const auto digit = static_cast<unsigned char>(text[at] - '0');
            if (digit > 9) break;
            value = value * 10 + digit;
        }
        return value;
    };
    const std::uint64_t whole = digits_from(0);
    // dmesg -H has the point of its user's language.
    if (at == 0 || at == text.size() || (text[at] != '.' && text[at] != ',')) return false;
    const std::size_t point = at;
    const std::uint64_t fraction = digits_from(point + 1);
    const std::size_t digits = at - point - 1;
    if (digits < 3 || digits >= scale.size()) return false;
    cursor = Cursor(text.substr(at));
    seconds = static_cast<double>(whole) + static_cast<double>(fraction) * scale[digits];
    return true;
}

namespace {

// Every date has a clock, or is a number of ten digits: most lines have neither near their beginning.
bool may_hold_date(std::string_view text) {
    constexpr std::size_t reach = 48;
    const std::string_view near = text.substr(0, reach);
    for (std::size_t at = near.find(':'); at != std::string_view::npos; at = near.find(':', at + 1)) {
        if (at == 0 || at + 3 >= near.size()) continue;
        const bool minutes = is_digit(near[at - 1]) && is_digit(near[at + 1]) && is_digit(near[at + 2]);
        if (minutes && (near[at + 3] == ':' || near[at + 3] == ']')) return true;
    }
    Cursor cursor(text);
    return take_epoch(cursor);
}

// The length of the date at the front, 0 for none.
std::size_t date_length(std::string_view text) {
    static const std::vector<PrefixPattern> of_dates = [] {
        std::vector<PrefixPattern> all;
        for (const std::string_view shape : date_shapes()) all.emplace_back(shape);
        return all;
    }();
    Cursor word(text);
    word.skip_blanks();
    const bool blanks = word.rest().size() != text.size();
    const char beside = word.rest().size() > 1 ? word.rest()[1] : '\0';
    LogRecord unused;
    LineTimes none;
    for (const PrefixPattern& shape : of_dates) {
        Cursor at(text);
        if (shape.may_stand_behind_blanks(blanks) && shape.may_begin_with(word.peek()) &&
            shape.may_have_beside(beside) && shape.take(at, unused, none))
            return text.size() - at.rest().size();
    }
    return 0;
}

}  // namespace

bool LineTimes::take_date(Cursor& cursor) {
    const std::string_view text = cursor.rest();
    if (asked_ != text.data()) {
        asked_ = text.data();
        length_ = may_hold_date(text) ? date_length(text) : 0;
        date_ = text.substr(0, length_);
        // journalctl -o short-full: "2023-10-12 03:04:05 UTC host kernel: ...". Behind a month's name, as
        // syslog has it, the word is the host.
        Cursor zone(text.substr(length_));
        if (length_ != 0 && date_.find('-') != std::string_view::npos && zone.take(' ') && take_zone(zone) &&
            zone.peek() == ' ')
            length_ = text.size() - zone.rest().size();
    }
    if (length_ == 0) return false;
    cursor = Cursor(text.substr(length_));
    return true;
}

}  // namespace postmortem
