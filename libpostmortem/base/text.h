// Text from a dump is untrusted: it may hold terminal escapes, broken UTF-8 or worse.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

/// Makes text safe for a terminal and for a line-oriented reader: control characters (and bytes that are no
/// valid UTF-8) become \xNN. Tab is kept; so is newline when `keep_newlines` is set.
std::string escaped(std::string_view text, bool keep_newlines = false);
/// The same, behind what `out` holds.
void append_escaped(std::string& out, std::string_view text, bool keep_newlines = false);

/// Parses a whole string as a number; nothing where anything is left over or it does not fit.
/// Base 0 takes 0x for hexadecimal and decimal otherwise; base 16 also accepts a 0x prefix.
std::optional<std::uint64_t> parse_u64(std::string_view text, int base = 0);
std::optional<std::int64_t> parse_i64(std::string_view text);

inline constexpr std::size_t npos = std::string_view::npos;

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != npos;
}

/// "a struct", "an integer".
std::string with_article(std::string_view noun);

std::string_view trimmed(std::string_view text);

std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace postmortem
