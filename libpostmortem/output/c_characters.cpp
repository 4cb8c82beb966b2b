#include "output/c_characters.h"

#include <fmt/format.h>

#include "base/text.h"

namespace postmortem {
namespace {

void append_c_character(std::string& out, unsigned char byte, char quote) {
    constexpr std::string_view letters = "abtnvfr";  // \a is 7, and so on
    if (byte >= 7 && byte <= 13) {
        out += {'\\', letters[byte - 7u]};
    } else if (byte >= 0x20 && byte < 0x7f) {
        if (byte == static_cast<unsigned char>(quote) || byte == '\\') out += '\\';
        out += static_cast<char>(byte);
    } else {
        out += fmt::format("\\{:03o}", byte);
    }
}

// Bytes of one character beyond ASCII that may go to a terminal; 0 where there is none.
std::size_t printable_utf8_length(std::string_view text) {
    if (static_cast<unsigned char>(text.front()) < 0xc2) return 0;
    for (std::size_t length = 2; length <= 4 && length <= text.size(); ++length)
        if (const auto piece = text.substr(0, length); escaped(piece) == piece) return length;
    return 0;
}

}  // namespace

std::string c_character(unsigned char byte) {
    std::string text = "'";
    append_c_character(text, byte, '\'');
    return text + '\'';
}

std::string c_string_literal(std::string_view bytes) {
    std::string text = "\"";
    while (!bytes.empty()) {
        const std::size_t length = printable_utf8_length(bytes);
        if (length == 0)
            append_c_character(text, static_cast<unsigned char>(bytes.front()), '"');
        else
            text += bytes.substr(0, length);
        bytes.remove_prefix(length == 0 ? 1 : length);
    }
    return text + '"';
}

}  // namespace postmortem
