#include <fmt/format.h>

#include <postmortem/memory_search.h>

#include "base/text.h"
#include "output/memory_words.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {
namespace {

std::string printable(const std::string& text) {
    std::string shown;
    for (const char c : text) shown += c >= 0x20 && c < 0x7f ? c : '.';
    return shown;
}

// Values beside one that was found, as `rd` prints them.
std::string neighbours(const MemorySearch& search, std::uint64_t address,
                       const std::vector<std::uint64_t>& values) {
    PrintedWords printed;
    printed.address = address;
    printed.word_size = search.unit;
    printed.big_endian = search.big_endian;
    printed.words = values;
    return values.empty() ? std::string() : memory_words_text(printed);
}

std::string line_of(const MemorySearch& search, const MemoryMatch& match) {
    if (search.strings) return fmt::format("{:x}: {}\n", match.address, printable(match.text));
    const std::string name = escaped(match.name);
    if (match.before.empty() && match.behind.empty())
        return fmt::format("{:x}: {:x} {}\n", match.address, match.value, name);
    return neighbours(search, match.address - match.before.size() * search.unit, match.before) +
           fmt::format("{:x}:  {:x} {}\n", match.address, match.value, name) +
           neighbours(search, match.address + search.unit, match.behind) + '\n';
}

}  // namespace

std::string to_text(const MemorySearch& search) {
    std::string out;
    const TaskMention* task = nullptr;
    for (const MemoryMatch& match : search.matches) {
        if (match.task && (!task || task->task != match.task->task)) {
            out += (task ? "\n" : "") + task_header(*match.task);
            task = &*match.task;
        }
        out += line_of(search, match);
    }
    return out;
}

}  // namespace postmortem
