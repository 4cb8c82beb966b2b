// Appends pieces of a line: dumps have hundreds of thousands of frames, so numbers come without a format
// string.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"

namespace postmortem {

class LineWriter {
  public:
    explicit LineWriter(std::string& out) : out_(out) {}

    LineWriter& text(std::string_view text) {
        out_ += text;
        return *this;
    }
    LineWriter& escaped(std::string_view text) {
        append_escaped(out_, text);
        return *this;
    }
    LineWriter& padded(std::string_view text, std::size_t width) {
        out_ += text;
        if (text.size() < width) out_.append(width - text.size(), ' ');
        return *this;
    }
    template <std::integral T>
    LineWriter& decimal(T value, std::size_t width = 0) {
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
        return padded({digits.begin(), static_cast<std::size_t>(end - digits.begin())}, width);
    }
    LineWriter& hex(std::uint64_t value, std::size_t width = 1) {
        std::array<char, 16> digits;
        std::size_t start = digits.size();
        while (value != 0 || digits.size() - start < width) {
            digits[--start] = "0123456789abcdef"[value & 15];
            value >>= 4;
        }
        out_.append(digits.data() + start, digits.size() - start);
        return *this;
    }

  private:
    std::string& out_;
};

}  // namespace postmortem
