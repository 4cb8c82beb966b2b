#include "log/text/log_front.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "log/text/cursor.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_front = 120;
constexpr std::size_t most_fronts = 4;

struct Opener {
    std::string_view text;
    bool kernels_alone = true;  // no driver says it in front of its own messages
};

// Lines inside of reports. Whoever quotes a headline does not quote these one after the other.
constexpr Opener openers[] = {{"Call Trace:"},
                              {"Call trace:"},
                              {"Modules linked in:"},
                              {"Hardware name"},
                              {"Code: "},
                              {"Mem-Info:"},
                              {"---[ end "},
                              {"Workqueue: "},
                              {"------------[ cut he"},
                              {"Free swap "},
                              {"Total swap "},
                              {"Swap cache stats:"},
                              {"Tasks state ("},
                              {"[ pid ]"},
                              {"CPU: ", false},
                              {"Process ", false},
                              {"Kernel panic - ", false}};

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
    bool proven = false;              // one of them is the kernel's alone
};

std::map<std::string, Sighting> fronts_of_openers(const std::vector<std::string>& texts) {
    std::map<std::string, Sighting> seen;
    for (std::size_t line = 0; line < texts.size(); ++line) {
        const std::string_view text = std::string_view(texts[line]).substr(0, longest_front + 24);
        for (std::size_t i = 0; i < std::size(openers); ++i) {
            const std::size_t at = text.find(openers[i].text);
            if (at == 0 || at == std::string_view::npos || at > longest_front) continue;
            const std::string look = look_of(text.substr(0, at));
            Sighting& sighting = seen.try_emplace(look, Sighting{line, line, 0, false}).first->second;
            sighting.last = line;
            sighting.openers |= 1u << i;
            sighting.proven = sighting.proven || openers[i].kernels_alone;
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

// A short log says the same by having it everywhere.
bool is_in_nearly_all(const std::vector<std::string>& texts, const std::string& look) {
    constexpr std::size_t least_lines = 3;
    return texts.size() >= least_lines && is_in_most(texts, 0, texts.size() - 1, look, 90);
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
        if (fronts.size() == most_fronts || !may_be_front(look) || !sighting.proven) continue;
        const bool twice = (sighting.openers & (sighting.openers - 1)) != 0;
        const bool between = twice && is_in_most(texts, sighting.first, sighting.last, look, 80);
        if (between || is_in_nearly_all(texts, look)) fronts.push_back(look);
    }
    return fronts;
}

}  // namespace postmortem
