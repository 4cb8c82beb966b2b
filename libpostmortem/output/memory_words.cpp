#include "output/memory_words.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

constexpr std::uint32_t bytes_per_line = 16;

std::int64_t as_signed(std::uint64_t word, std::uint32_t size) {
    switch (size) {
        case 1: return static_cast<std::int8_t>(word);
        case 2: return static_cast<std::int16_t>(word);
        case 4: return static_cast<std::int32_t>(word);
        default: return static_cast<std::int64_t>(word);
    }
}

// crash's columns, %15ld, %20lu, %12d, %5d and %3d.
int decimal_width(std::uint32_t size, bool is_signed) {
    switch (size) {
        case 1: return 3;
        case 2: return 5;
        case 4: return 12;
        default: return is_signed ? 15 : 20;
    }
}

std::string word_text(const PrintedWords& printed, std::size_t index) {
    const std::uint64_t word = printed.words[index];
    const std::uint32_t size = printed.word_size;
    using Radix = PrintedWords::Radix;
    if (index < printed.names.size() && !printed.names[index].empty())
        return fmt::format("{:<{}} ", printed.names[index], 2 * size);
    if (printed.radix == Radix::Decimal)
        return fmt::format("{:>{}} ", as_signed(word, size), decimal_width(size, true));
    if (printed.radix == Radix::Unsigned) return fmt::format("{:>{}} ", word, decimal_width(size, false));
    return fmt::format("{:0{}x} ", word, 2 * size);
}

void append_characters(std::string& line, const PrintedWords& printed, std::span<const std::uint64_t> words) {
    for (const std::uint64_t word : words)
        for (std::uint32_t i = 0; i < printed.word_size; ++i) {
            const std::uint32_t byte = printed.big_endian ? printed.word_size - 1 - i : i;
            const auto c = static_cast<unsigned char>(word >> (8 * byte));
            line += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '.';
        }
}

}  // namespace

std::string memory_words_text(const PrintedWords& printed) {
    const std::size_t per_line = bytes_per_line / printed.word_size;
    const bool characters = printed.characters && printed.radix == PrintedWords::Radix::Hexadecimal;
    std::string out;
    for (std::size_t first = 0; first < printed.words.size(); first += per_line) {
        const std::size_t count = std::min(per_line, printed.words.size() - first);
        std::string line = fmt::format("{:16x}:  ", printed.address + first * printed.word_size);
        for (std::size_t i = first; i < first + count; ++i) line += word_text(printed, i);
        if (characters) {
            line += std::string((per_line - count) * (2 * printed.word_size + 1) + 2, ' ');
            append_characters(line, printed, printed.words.subspan(first, count));
        }
        out += line + '\n';
    }
    return out;
}

}  // namespace postmortem
