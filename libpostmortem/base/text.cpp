#include "base/text.h"

#include <charconv>

#include <fmt/format.h>

namespace postmortem {
namespace {

// The length of the valid UTF-8 sequence at the start of `text`, 0 where there is none. C1 controls
// (U+0080..U+009F) count as invalid: terminals act on them.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const unsigned char lead = byte(0);
    if (lead >= 0xc2 && lead <= 0xdf && continues(1)) return lead == 0xc2 && byte(1) < 0xa0 ? 0 : 2;
    if (lead >= 0xe0 && lead <= 0xef && continues(1) && continues(2)) {
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4 && continues(1) && continues(2) && continues(3)) {
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool beyond = lead == 0xf4 && byte(1) >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

}  // namespace

std::string escaped(std::string_view text, bool keep_newlines) {
    std::string out;
    out.reserve(text.size());
    append_escaped(out, text, keep_newlines);
    return out;
}

void append_escaped(std::string& out, std::string_view text, bool keep_newlines) {
    const auto plain = [&](char c) {
        return (c >= 0x20 && c < 0x7f) || c == '\t' || (c == '\n' && keep_newlines);
    };
    for (std::size_t i = 0; i < text.size();) {
        std::size_t length = 0;
        while (i + length < text.size() && plain(text[i + length])) ++length;
        const auto c = static_cast<unsigned char>(text[i]);
        if (length == 0 && c >= 0x80) length = utf8_length(text.substr(i));
        if (length == 0) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
            ++i;
        } else {
            out.append(text.substr(i, length));
            i += length;
        }
    }
}

std::optional<std::uint64_t> parse_u64(std::string_view text, int base) {
    if ((base == 0 || base == 16) && (text.starts_with("0x") || text.starts_with("0X"))) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base == 0 ? 10 : base);
    if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
    return value;
}

std::string with_article(std::string_view noun) {
    const bool as_you = noun.starts_with("uni") || noun.starts_with("use") || noun.starts_with("uts");
    const bool is_vowel = !noun.empty() && contains("aeiou", noun.substr(0, 1));
    return (is_vowel && !as_you ? "an " : "a ") + std::string(noun);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos) return parts;
        text.remove_prefix(at + 1);
    }
}

}  // namespace postmortem
