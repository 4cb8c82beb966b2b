#include "log/text/log_front.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>

#include "base/text.h"
#include "log/text/cursor.h"
#include "log/text/prefix.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_front = 120;

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
            const std::string look = look_of(text.substr(0, unknown_part(text, at, false)));
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

// What only the kernel's reports begin with, or nobody but a kernel begins a line with.
bool opens_report_line(std::string_view text) {
    constexpr std::string_view headlines[] = {
        "BUG: ", "BUG ", "INFO: ", "WARNING: ", "[ INFO: ", "Oops", "CPU "};
    const auto begins = [text](std::string_view with) { return text.starts_with(with); };
    return std::any_of(std::begin(headlines), std::end(headlines), begins) ||
           std::any_of(std::begin(openers), std::end(openers),
                       [&](const Opener& opener) { return begins(opener.text); });
}

std::string common_look(const std::vector<std::string>& texts) {
    std::string common;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::string look = look_of(std::string_view(texts[i]).substr(0, longest_front));
        if (i == 0) common = look;
        const auto [end, _] = std::mismatch(common.begin(), common.end(), look.begin(), look.end());
        // An empty message's blank may have been trimmed.
        const bool is_empty = look.size() < common.size() &&
                              end - common.begin() == static_cast<std::ptrdiff_t>(look.size()) && *end == ' ';
        if (!is_empty) common.erase(end, common.end());
    }
    return common;
}

// A log too short for two of the openers: all its lines begin alike, and behind that like a report's lines.
std::string front_of_all(const std::vector<std::string>& texts) {
    constexpr std::size_t least_lines = 5;
    if (texts.size() < least_lines) return {};
    std::string look = common_look(texts);
    const bool names_kernel = look.find("kernel") != std::string::npos;
    std::size_t end = look.find_last_of(names_kernel ? ":|;> " : ":|;>");
    if (end == std::string::npos) return {};
    if (end + 1 < look.size() && look[end + 1] == ' ') ++end;
    look.resize(end + 1);
    const auto opens = [&](const std::string& text) {
        return opens_report_line(std::string_view(text).substr(front_length(text, look)));
    };
    const bool opened = std::any_of(texts.begin(), texts.end(), opens_report_line);
    return !opened && may_be_front(look) && std::any_of(texts.begin(), texts.end(), opens) ? look
                                                                                           : std::string();
}

}  // namespace

// What the lines of a table or a trace have in common is their own.
bool may_be_front(std::string_view look) {
    if (look.size() < 2 || look.starts_with("(XEN)")) return false;
    if (look.find("[<") != std::string_view::npos) return false;
    return std::any_of(look.begin(), look.end(),
                       [](char c) { return is_alpha(c) || c == ':' || c == '|' || c == ';' || c == '>'; });
}

std::size_t unknown_part(std::string_view text, std::size_t end, bool bare_dates) {
    constexpr std::string_view delimiters = ":|;>]) \t";
    for (std::size_t at = 1; at < end; ++at) {
        if (delimiters.find(text[at - 1]) == std::string_view::npos || is_blank(text[at])) continue;
        LogRecord record;
        strip_prefix(text.substr(at), record, bare_dates);
        if (record.shapes != 0 && record.text.data() >= text.data() + end) return at;
    }
    return end;
}

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

// What `cat -n` and `grep -n` put in front of every line, and testers that count seconds: numbers that grow
// by one, or that are of a fixed width and do not fall. The look of it, empty where there is none.
std::string counter_of(const std::vector<std::string>& texts) {
    constexpr std::size_t enough = 8, width = 5;
    std::map<std::string, std::size_t> fixed, counted;
    std::string_view last;
    std::uint64_t before = 0;
    for (const std::string& text : texts) {
        Cursor cursor(text);
        cursor.skip_blanks();
        const std::string_view digits = cursor.take_while(is_digit);
        const auto number = parse_u64(digits, 10);
        const bool ends = cursor.at_end() || is_blank(cursor.peek()) || cursor.peek() == ':';
        if (!number || !ends) continue;
        if (cursor.peek() == ':') cursor.take(':');
        cursor.skip_blanks();
        std::string look = look_of(std::string_view(text).substr(0, text.size() - cursor.rest().size()));
        if (cursor.at_end() && !look.ends_with(' ') && !look.ends_with(':')) look += ' ';
        counted[look] += before != 0 && *number == before + 1;
        fixed[look] += digits.size() == width && (last.empty() || digits >= last);
        before = *number;
        last = digits;
    }
    for (const auto* looks : {&counted, &fixed}) {
        for (const auto& [look, count] : *looks)
            if (count >= enough && (count + 1) * 100 >= texts.size() * 90) return look;
    }
    return {};
}

std::vector<std::string> find_fronts(const std::vector<std::string>& texts) {
    std::vector<std::string> fronts;
    for (const auto& [look, sighting] : fronts_of_openers(texts)) {
        if (fronts.size() == most_fronts || !may_be_front(look) || !sighting.proven) continue;
        const bool twice = (sighting.openers & (sighting.openers - 1)) != 0;
        const bool between = twice && is_in_most(texts, sighting.first, sighting.last, look, 80);
        if (between || is_in_nearly_all(texts, look)) fronts.push_back(look);
    }
    if (std::string look = counter_of(texts); fronts.empty() && !look.empty())
        fronts.push_back(std::move(look));
    if (!fronts.empty()) return fronts;
    if (std::string look = front_of_all(texts); !look.empty()) fronts.push_back(std::move(look));
    return fronts;
}

}  // namespace postmortem
