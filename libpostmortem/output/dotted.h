// Text from the dump as crash prints it: a byte that is not printable ASCII is a dot.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace postmortem {

inline bool is_printable_ascii(char c) {
    return c >= 0x20 && c < 0x7f;
}

/// One line: tabs stay, everything else that is not printable ASCII becomes a dot.
inline std::string dotted(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return !is_printable_ascii(c) && c != '\t'; }, '.');
    return out;
}

}  // namespace postmortem
