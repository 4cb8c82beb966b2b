#include "log/events/registers.h"

#include <algorithm>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t max_registers = 80;

bool is_name(char c) {
    return is_alpha(c) || is_digit(c);
}

// A value of 32 or 64 bits, with what may surround it: "0018:ffff...", "[<c0123456>]", "0x..."
std::optional<std::uint64_t> take_value(Cursor& cursor) {
    Cursor at = cursor;
    at.take("[<");
    Cursor segment = at;
    if (segment.take_while(is_hex).size() == 4 && segment.take(':')) at = segment;
    at.take("0x");
    const std::string_view digits = at.take_while(is_hex);
    if (digits.size() != 8 && digits.size() != 16) return std::nullopt;
    if (!at.take(">]") && !at.at_end() && !is_blank(at.peek()) && at.peek() != '(') return std::nullopt;
    cursor = at;
    return parse_u64(digits, 16);
}

}  // namespace

bool RegisterReader::add(std::string_view name, std::uint64_t value, std::vector<LogRegister>& registers) {
    const bool known = std::any_of(registers.begin(), registers.end(),
                                   [&](const LogRegister& one) { return one.name == name; });
    done_ = done_ || known || registers.size() >= max_registers;
    if (!done_) registers.push_back({std::string(name), value});
    return !done_;
}

void RegisterReader::read(std::string_view line, std::vector<LogRegister>& registers) {
    if (done_) return;
    Cursor cursor(line);
    cursor.skip_blanks();
    // powerpc and s390 put one label in front of several values
    const bool is_s390 = cursor.take("Krnl GPRS:");
    const bool is_row = is_s390 || (row_ != 0 && cursor.rest().size() + 11 == line.size());
    if (is_s390 || is_row || cursor.take("GPR")) {
        std::size_t number = is_row ? row_ : cursor.number().value_or(0);
        if (!is_row && !cursor.take(':')) return;
        while (true) {
            cursor.skip_blanks();
            const auto value = take_value(cursor);
            if (!value || !add("r" + std::to_string(number), *value, registers)) break;
            ++number;
        }
        row_ = is_s390 || is_row ? number % 16 : 0;
        return;
    }
    while (!cursor.at_end()) {
        cursor.skip_blanks();
        const std::string_view name = cursor.take_while(is_name);
        cursor.skip_blanks();
        if (name.empty() || name.size() > 8 || is_digit(name.front()) || !cursor.take(':')) return;
        cursor.skip_blanks();
        const auto value = take_value(cursor);
        if (!value || !add(name, *value, registers)) return;
        if (cursor.peek() == '(') cursor.until(")");  // "FS:  0000000000000000(0000)"
    }
}

}  // namespace postmortem
