#include "log/text/log_front.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_front = 120;
constexpr std::size_t most_fronts = 4;

// Lines inside of reports. Whoever quotes a headline does not quote these one after the other.
constexpr std::string_view openers[] = {"Call Trace:",
                                        "Call trace:",
                                        "Modules linked in:",
                                        "Hardware name",
                                        "CPU: ",
                                        "Code: ",
                                        "Mem-Info:",
                                        "Process ",
                                        "---[ end ",
                                        "Workqueue: ",
                                        "------------[ cut he",
                                        "Kernel panic - ",
                                        "Free swap ",
                                        "Total swap ",
                                        "Swap cache stats:",
                                        "Tasks state ("};

// What the lines of a table or a trace have in common is their own.
bool may_be_front(std::string_view look) {
    if (look.size() < 2 || look.starts_with("(XEN)")) return false;
    if (look.find("[<") != std::string_view::npos) return false;
    return std::any_of(look.begin(), look.end(),
                       [](char c) { return is_alpha(c) || c == ':' || c == '|' || c == ';' || c == '>'; });
}

struct Sighting {
    std::size_t first = 0, last = 0;  // lines
    unsigned openers = 0;             // a bit each
};

std::map<std::string, Sighting> fronts_of_openers(const std::vector<std::string>& texts) {
    std::map<std::string, Sighting> seen;
    for (std::size_t line = 0; line < texts.size(); ++line) {
        const std::string_view text = std::string_view(texts[line]).substr(0, longest_front + 24);
        for (std::size_t i = 0; i < std::size(openers); ++i) {
            const std::size_t at = text.find(openers[i]);
            if (at == 0 || at == std::string_view::npos || at > longest_front) continue;
            const std::string look = look_of(text.substr(0, at));
            Sighting& sighting = seen.try_emplace(look, Sighting{line, line, 0}).first->second;
            sighting.last = line;
            sighting.openers |= 1u << i;
            break;
        }
    }
    return seen;
}

bool is_in_most(const std::vector<std::string>& texts, std::size_t first, std::size_t last,
                const std::string& look, std::size_t percent) {
    std::size_t with = 0;
    for (std::size_t i = first; i <= last; ++i) with += front_length(texts[i], look) != 0;
    return with * 100 >= (last - first + 1) * percent;
}

}  // namespace

std::string look_of(std::string_view text) {
    std::string look;
    for (char c : text) {
        if (is_digit(c)) c = '9';
        if (is_blank(c)) c = ' ';
        const bool runs = c == '9' || c == ' ';
        if (!runs || look.empty() || look.back() != c) look += c;
    }
    return look;
}

std::size_t front_length(std::string_view text, std::string_view look) {
    Cursor cursor(text);
    for (const char c : look) {
        if (c == '9') {
            if (cursor.take_while(is_digit).empty()) return 0;
        } else if (c == ' ') {
            // An empty message's blank may have been trimmed.
            if (cursor.take_while(is_blank).empty() && !cursor.at_end()) return 0;
        } else if (!cursor.take(c)) {
            return 0;
        }
    }
    return text.size() - cursor.rest().size();
}

std::vector<std::string> find_fronts(const std::vector<std::string>& texts) {
    std::vector<std::string> fronts;
    for (const auto& [look, sighting] : fronts_of_openers(texts)) {
        const bool twice = (sighting.openers & (sighting.openers - 1)) != 0;
        if (twice && fronts.size() < most_fronts && may_be_front(look) &&
            is_in_most(texts, sighting.first, sighting.last, look, 80))
            fronts.push_back(look);
    }
    return fronts;
}

}  // namespace postmortem
