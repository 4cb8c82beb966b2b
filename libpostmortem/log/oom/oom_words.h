// The small change of OOM reports: "name:123kB" lists, and numbers that stand behind a label.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace postmortem::oom {

/// No number of a report is believed beyond this: it leaves room for sums and units.
inline constexpr std::uint64_t max_value = std::uint64_t{1} << 53;

/// "free:123kB": key "free", value 123, unit "kB". Views into the line.
struct KeyValue {
    std::string_view key;
    std::uint64_t value = 0;
    std::string_view unit;

    bool is_size() const { return unit == "kB" || unit == "KB"; }
};

struct KeyValues {
    std::vector<KeyValue> pairs;
    std::optional<bool> all_unreclaimable;
    bool pure = false;  ///< The line holds pairs and nothing else.
};

/// Takes every "key:number[unit]" and "key: number[unit]" of a line, whatever stands between them.
KeyValues parse_key_values(std::string_view text);

/// Whether the line is such a list and nothing else, but for a pair that its end cut off.
bool is_key_values(std::string_view text);

/// The decimal number behind the first `label`; nothing where there is none.
std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view label);
std::optional<std::int64_t> signed_behind(std::string_view text, std::string_view label);

/// Text between the first `label` and the next `stop` (or the end); nothing where the label is missing.
std::optional<std::string_view> text_between(std::string_view text, std::string_view label,
                                             std::string_view stop);

std::string_view without_leading_blanks(std::string_view text);
std::string_view without_trailing_blanks(std::string_view text);

}  // namespace postmortem::oom
