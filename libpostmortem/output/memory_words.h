// Words of memory as crash's `rd` prints them: the address, the words of sixteen bytes, those bytes as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace postmortem {

struct PrintedWords {
    std::uint64_t address = 0;
    std::uint32_t word_size = 8;  ///< 1, 2, 4 or 8
    bool big_endian = false;
    std::span<const std::uint64_t> words;
    enum class Radix : std::uint8_t { Hexadecimal, Decimal, Unsigned } radix = Radix::Hexadecimal;
    bool characters = true;                   ///< at the end of the line; only beside hexadecimal words
    std::span<const std::string> names = {};  ///< in place of words, where one is not empty
};

std::string memory_words_text(const PrintedWords& printed);

}  // namespace postmortem
