#include "output/c_characters.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

// Appends one; says whether it became an octal number.
bool append_c_character(std::string& out, unsigned char byte, char quote, bool behind_octal) {
    constexpr std::string_view letters = "abtnvfr";  // \a is 7, and so on
    const bool is_digit = byte >= '0' && byte <= '9';
    if (byte >= 7 && byte <= 13) {
        out += {'\\', letters[byte - 7u]};
        return false;
    }
    if (byte >= 0x20 && byte < 0x7f && !(behind_octal && is_digit)) {
        if (byte == static_cast<unsigned char>(quote) || byte == '\\') out += '\\';
        out += static_cast<char>(byte);
        return false;
    }
    out += fmt::format("\\{:03o}", byte);
    return true;
}

}  // namespace

std::string c_character(unsigned char byte) {
    std::string text = "'";
    append_c_character(text, byte, '\'', false);
    return text + '\'';
}

std::string c_string_literal(std::string_view bytes) {
    std::string text = "\"";
    bool octal = false;
    for (const char c : bytes) octal = append_c_character(text, static_cast<unsigned char>(c), '"', octal);
    return text + '"';
}

}  // namespace postmortem
