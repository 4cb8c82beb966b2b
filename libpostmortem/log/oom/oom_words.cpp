#include "log/oom/oom_words.h"

#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_pairs = 256;

bool is_key_part(char c) {
    return is_alpha(c) || is_digit(c) || c == '_' || c == '(' || c == ')' || c == '-' || c == '+';
}

// "name:123kB", "name: 123kB". The key begins with a letter: "0:12" is a time or an address.
std::optional<KeyValue> take_pair(Cursor& cursor) {
    Cursor at = cursor;
    KeyValue pair;
    if (!is_alpha(at.peek())) return std::nullopt;
    pair.key = at.take_while(is_key_part);
    if (!at.take(':')) return std::nullopt;
    at.skip_blanks();
    const auto value = at.number();
    if (!value || *value > max_value) return std::nullopt;
    pair.value = *value;
    pair.unit = at.take_while(is_alpha);
    if (!at.at_end() && !is_blank(at.peek()) && at.peek() != ',') return std::nullopt;
    at.take(',');
    cursor = at;
    return pair;
}

// "all_unreclaimable? yes", cut after any letter by a torn line.
bool take_unreclaimable(Cursor& cursor, std::optional<bool>& answer) {
    Cursor at = cursor;
    if (!at.take("all_unreclaimable?")) return false;
    at.skip_blanks();
    const std::string_view word = at.word();
    if (word == "yes") answer = true;
    if (word == "no") answer = false;
    cursor = at;
    return true;
}

// The start of a pair, as a wrapped line leaves it: "inactive_an", "pagetables:".
bool is_cut_key(std::string_view text) {
    Cursor cursor(text);
    const bool named = !cursor.take_while(is_key_part).empty();
    cursor.take(':');
    return named && is_alpha(text.front()) && cursor.at_end();
}

}  // namespace

KeyValues parse_key_values(std::string_view text) {
    KeyValues result;
    result.pure = true;
    Cursor cursor(text);
    while (true) {
        cursor.skip_blanks();
        if (cursor.at_end() || result.pairs.size() >= max_pairs) break;
        if (const auto pair = take_pair(cursor)) {
            result.pairs.push_back(*pair);
        } else if (!take_unreclaimable(cursor, result.all_unreclaimable)) {
            cursor.word();
            result.pure = false;
        }
    }
    if (result.pairs.empty() && !result.all_unreclaimable) result.pure = false;
    return result;
}

bool is_key_values(std::string_view text) {
    Cursor cursor(text);
    std::optional<bool> unused;
    bool any = false;
    while (true) {
        cursor.skip_blanks();
        if (cursor.at_end()) return any;
        if (!take_pair(cursor) && !take_unreclaimable(cursor, unused))
            return any && is_cut_key(cursor.rest());
        any = true;
    }
}

std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view label) {
    Cursor cursor(text);
    if (!cursor.until(label)) return std::nullopt;
    cursor.skip_blanks();
    return cursor.number();
}

std::optional<std::int64_t> signed_behind(std::string_view text, std::string_view label) {
    Cursor cursor(text);
    if (!cursor.until(label)) return std::nullopt;
    cursor.skip_blanks();
    const bool negative = cursor.take('-');
    const auto value = cursor.number();
    if (!value || *value > std::uint64_t{1} << 62) return std::nullopt;
    const auto number = static_cast<std::int64_t>(*value);
    return negative ? -number : number;
}

std::optional<std::string_view> text_between(std::string_view text, std::string_view label,
                                             std::string_view stop) {
    const std::size_t begin = text.find(label);
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin + label.size());
    return text.substr(0, text.find(stop));
}

std::string_view without_leading_blanks(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string_view without_trailing_blanks(std::string_view text) {
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

}  // namespace postmortem::oom
