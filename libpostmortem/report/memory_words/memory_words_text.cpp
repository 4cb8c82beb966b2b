#include <fmt/format.h>

#include <postmortem/memory_words.h>

#include "output/memory_words.h"

namespace postmortem {
namespace {

constexpr std::size_t characters_per_line = 60;

std::string lines_of(std::uint64_t address, std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += characters_per_line)
        out += fmt::format("{:16x}:  {}\n", address + at, text.substr(at, characters_per_line));
    return out;
}

std::string plain_text(const MemoryWords& words) {
    std::string out = lines_of(words.address, *words.text);
    for (const MemoryText& more : words.more_text) out += lines_of(more.address, more.text);
    return out;
}

}  // namespace

std::string to_text(const MemoryWords& words, const MemoryWordsStyle& style) {
    if (words.text) return plain_text(words);
    PrintedWords printed;
    printed.address = words.address;
    printed.word_size = words.word_size;
    printed.big_endian = words.big_endian;
    printed.words = words.words;
    printed.radix = static_cast<PrintedWords::Radix>(style.radix);
    printed.characters = style.characters && words.symbols.empty();
    printed.names = words.symbols;
    return memory_words_text(printed);
}

}  // namespace postmortem
