#include <fmt/format.h>

#include <postmortem/memory_search.h>

#include "output/memory_words.h"

namespace postmortem {
namespace {

std::string printable(const std::string& text) {
    std::string shown;
    for (const char c : text) shown += c >= 0x20 && c < 0x7f ? c : '.';
    return shown;
}

// A value beside one that was found, as `rd` prints it.
std::string neighbour(const MemorySearch& search, std::uint64_t address, std::uint64_t value) {
    PrintedWords printed;
    printed.address = address;
    printed.word_size = search.unit;
    printed.big_endian = search.big_endian;
    printed.words = std::span(&value, 1);
    return memory_words_text(printed);
}

}  // namespace

std::string to_text(const MemorySearch& search) {
    std::string out;
    for (const MemoryMatch& match : search.matches) {
        if (search.strings) {
            out += fmt::format("{:x}: {}\n", match.address, printable(match.text));
            continue;
        }
        if (match.before.empty() && match.behind.empty()) {
            out += fmt::format("{:x}: {:x} \n", match.address, match.value);
            continue;
        }
        for (std::size_t i = 0; i < match.before.size(); ++i)
            out +=
                neighbour(search, match.address - (match.before.size() - i) * search.unit, match.before[i]);
        out += fmt::format("{:x}:  {:x} \n", match.address, match.value);
        for (std::size_t i = 0; i < match.behind.size(); ++i)
            out += neighbour(search, match.address + (i + 1) * search.unit, match.behind[i]);
        out += '\n';
    }
    return out;
}

}  // namespace postmortem
