#include <fmt/format.h>

#include <postmortem/memory_search.h>

namespace postmortem {
namespace {

std::string printable(const std::string& text) {
    std::string shown;
    for (const char c : text) shown += c >= 0x20 && c < 0x7f ? c : '.';
    return shown;
}

}  // namespace

std::string to_text(const MemorySearch& search) {
    std::string out;
    const int digits = static_cast<int>(2 * search.unit);
    for (const MemoryMatch& match : search.matches) {
        if (search.strings) {
            out += fmt::format("{:x}: {}\n", match.address, printable(match.text));
            continue;
        }
        for (std::size_t i = 0; i < match.before.size(); ++i)
            out += fmt::format("{:x}: {:0{}x} \n", match.address - (match.before.size() - i) * search.unit,
                               match.before[i], digits);
        out += fmt::format("{:x}: {:0{}x} \n", match.address, match.value, digits);
        for (std::size_t i = 0; i < match.behind.size(); ++i)
            out += fmt::format("{:x}: {:0{}x} \n", match.address + (i + 1) * search.unit, match.behind[i],
                               digits);
        if (!match.before.empty() || !match.behind.empty()) out += '\n';
    }
    return out;
}

}  // namespace postmortem
