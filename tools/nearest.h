// What somebody may have meant who typed a word that is none.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// How many letters are left of the longer word once what both begin and end with is taken away.
inline std::size_t difference(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty() && a.front() == b.front()) a.remove_prefix(1), b.remove_prefix(1);
    while (!a.empty() && !b.empty() && a.back() == b.back()) a.remove_suffix(1), b.remove_suffix(1);
    return std::max(a.size(), b.size());
}

/// The first of the nearest; empty where none is so near that it is likely.
inline std::string nearest_of(std::string_view word, const std::vector<std::string>& known) {
    const auto nearest = std::min_element(
        known.begin(), known.end(),
        [&](const auto& one, const auto& other) { return difference(word, one) < difference(word, other); });
    const auto begins = std::find_if(known.begin(), known.end(),
                                     [&](const std::string& one) { return one.starts_with(word); });
    if (nearest == known.end()) return {};
    if (2 * difference(word, *nearest) <= std::min(word.size(), nearest->size())) return *nearest;
    return begins == known.end() || word.size() < 2 ? "" : *begins;
}

}  // namespace tool
