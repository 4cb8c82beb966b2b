// A hexadecimal number, as crash's commands take addresses: with or without 0x.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tool {

inline std::optional<std::uint64_t> address_of(std::string_view word) {
    if (word.starts_with("0x") || word.starts_with("0X")) word.remove_prefix(2);
    std::uint64_t value = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value, 16);
    const bool whole = error == std::errc() && rest == word.data() + word.size() && !word.empty();
    return whole ? std::optional(value) : std::nullopt;
}

}  // namespace tool
