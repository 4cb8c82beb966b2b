#include "log/text/broken_lines.h"

#include <algorithm>
#include <array>

#include "log/text/cursor.h"
#include "log/text/prefix.h"
#include "log/text/terminal.h"

namespace postmortem {
namespace {

constexpr std::size_t least_width = 60, most_width = 132;
constexpr std::size_t mailers_width = 80;
constexpr std::size_t most_lines = 4000;

std::string_view trimmed_end(std::string_view line) {
    line = without_shown_return(line);
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    return line;
}

// Characters, of which a byte is one only in plain text.
std::size_t length_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view first_word(std::string_view text) {
    return text.substr(0, text.find_first_of(" \t"));
}

// A line that is longer than the width is none that was broken, unless it has no place to break it at.
bool could_be_broken(std::string_view line) {
    const std::size_t blank = trimmed_end(line).find_last_of(" \t");
    return blank != std::string_view::npos && blank >= least_width / 2;
}

bool may_go_on(std::string_view next, bool bare_dates) {
    return !next.empty() && !is_blank(next.front()) && !has_prefix(next, bare_dates);
}

// Two lines of which the second may be what did not fit behind the first: the first one's length, and what it
// would have been with one more word.
struct Break {
    std::size_t length, with_word;
};

struct Width {
    std::size_t width = 0, explained = 0;
};

// The width that explains most of the breaks.
Width best_width(const std::vector<Break>& breaks) {
    std::array<int, most_width + 2> begins{};
    for (const Break& at : breaks) {
        const std::size_t least = std::max(at.length, least_width),
                          end = std::min(at.with_word, most_width + 1);
        if (least >= end) continue;
        ++begins[least];
        --begins[end];
    }
    Width best;
    int explained = 0;
    for (std::size_t width = 0; width <= most_width; ++width) {
        explained += begins[width];
        if (explained > static_cast<int>(best.explained)) best = {width, static_cast<std::size_t>(explained)};
    }
    return best;
}

// The last characters of what stops_short() looks for, and what may stand behind it.
constexpr auto may_end_short = [] {
    std::array<bool, 256> found{};
    for (const char c : std::string_view("ntroedLlg:,s MuckP!\t\r0123456789"))
        found[static_cast<unsigned char>(c)] = true;
    return found;
}();

std::string_view last_word(std::string_view line) {
    std::size_t begin = line.size();
    while (begin != 0 && !is_blank(line[begin - 1])) --begin;
    return line.substr(begin);
}

// "WARNING: CPU: 1 PID: 3569 at lib/refcount.c:28" is whole in no kernel that knows its symbols.
bool ends_with_source(std::string_view line, std::string_view last_word) {
    const std::size_t colon = last_word.rfind(':');
    if (colon == std::string_view::npos || colon < 2 || colon + 1 == last_word.size()) return false;
    const std::string_view file = last_word.substr(0, colon), number = last_word.substr(colon + 1);
    return (file.ends_with(".c") || file.ends_with(".h")) &&
           std::all_of(number.begin(), number.end(), is_digit) &&
           line.find("WARNING: ") != std::string_view::npos;
}

bool is_unfinished(std::string_view word) {
    switch (word.size()) {
        case 2: return word == "in" || word == "at" || word == "to";
        case 3: return word == "for";
        case 4: return word == "than" || word == "more" || word == "NULL" || word == "page" || word == "root";
        case 5: return word == "mount";
        case 6: return word == "kernel" || word == "paging" || word == "handle";
        case 7:
            return word == "blocked" || word == "process" || word == "pointer" || word == "virtual" ||
                   word == "address" || word == "killing";
        case 8: return word == "address:";
        case 12: return word == "dereference,";
        default: return false;
    }
}

// A headline that was broken: what it holds, what its first part then ends with (nothing: it ends with what
// it holds and a number), and what the rest begins with.
struct Seam {
    std::string_view holds, ends, rest;
};

constexpr std::array<Seam, 20> seams = {{
    // mm/oom_kill.c, dump_header()
    {" invoked", " invoked", "oom-killer:"},
    {" invoked oom-killer:", "oom-killer:", "gfp_mask="},
    {" invoked oom-killer: gfp_mask=", ",", "nodemask="},
    {" invoked oom-killer: gfp_mask=", ",", "order="},
    {" invoked oom-killer: gfp_mask=", ",", "oom_score_adj="},
    {" invoked oom-killer: gfp_mask=", ",", "oomkilladj="},
    // mm/page_alloc.c, warn_alloc()
    {": page allocation failure", "failure:", "order:"},
    {": page allocation failure: order:", ",", "mode:"},
    // kernel/watchdog.c
    {"BUG: soft lockup - CPU#", "", "stuck for "},
    {"BUG: soft lockup - CPU#", " stuck", "for "},
    {"BUG: soft lockup - CPU#", "s!", "["},
    {"BUG: soft lockup - CPU#", " [CPU", ""},  // QEMU's "[CPU 4/KVM:2698]"
    // kernel/hung_task.c, kernel/exit.c
    {"INFO: task ", "", "blocked for more than "},
    {"not syncing: Attempted", " Attempted", "to kill "},
    {"atchdog detected", " detected", "hard LOCKUP on cpu "},
    {"atchdog detected hard", " hard", "LOCKUP on cpu "},
    {"atchdog detected hard LOCKUP", " LOCKUP", "on cpu "},
    {"atchdog detected hard LOCKUP on", " on", "cpu "},
    {"atchdog detected hard LOCKUP on cpu", " cpu", ""},
    // kernel/rcu/tree_stall.h
    {": INFO: rcu_", "stalls on", "CPUs/tasks"},
}};

// "CPU#2", "widgetd:7": most lines that end in a digit end in another word.
bool ends_with_named_number(std::string_view line) {
    return is_digit(line.back()) && last_word(line).find_first_of("#:") != std::string_view::npos;
}

bool may_be_broken_at(const Seam& seam, std::string_view line) {
    const bool ends = seam.ends.empty() ? ends_with_named_number(line) : line.ends_with(seam.ends);
    return ends && line.find(seam.holds) != std::string_view::npos;
}

bool is_broken_at_a_seam(std::string_view line) {
    return std::any_of(seams.begin(), seams.end(),
                       [line](const Seam& seam) { return may_be_broken_at(seam, line); });
}

bool meets_at_a_seam(std::string_view line, std::string_view next) {
    return std::any_of(seams.begin(), seams.end(), [&](const Seam& seam) {
        return next.starts_with(seam.rest) && may_be_broken_at(seam, line);
    });
}

bool lacks_what_follows_number(std::string_view line, std::string_view last) {
    constexpr std::string_view duration = " blocked for more than ";
    if (ends_with_source(line, last)) return true;
    return std::all_of(last.begin(), last.end(), is_digit) &&
           line.substr(0, line.size() - last.size()).ends_with(duration);
}

// A sentence of a report that nobody ends so.
bool is_in_mid_sentence(std::string_view line) {
    static constexpr std::array<std::string_view, 8> headlines = {
        "BUG: ",           "WARNING: ",       "INFO: task ", "nable to handle ", "protection fault, ",
        "Kernel panic - ", "invalid-access ", "UBSAN: "};
    const std::string_view last = last_word(line);
    if (!(is_digit(line.back()) ? lacks_what_follows_number(line, last) : is_unfinished(last))) return false;
    return std::any_of(headlines.begin(), headlines.end(), [line](std::string_view headline) {
        return line.find(headline) != std::string_view::npos;
    });
}

}  // namespace

bool has_prefix(std::string_view line, bool bare_dates) {
    LogRecord record;
    strip_prefix(line, record, bare_dates);
    return record.shapes != 0;
}

bool goes_on(std::string_view line, std::string_view next, std::size_t width, bool bare_dates) {
    line = trimmed_end(without_quoting(line));
    next = without_quoting(next);
    return may_go_on(next, bare_dates) && length_of(line) <= width &&
           length_of(line) + 1 + length_of(first_word(next)) > width;
}

bool stops_short(std::string_view line) {
    constexpr std::size_t shortest = 20;
    // Most lines end in another character: this is asked of every line of every log.
    if (line.size() < shortest || line.size() > 2 * most_width ||
        !may_end_short[static_cast<unsigned char>(line.back())])
        return false;
    line = trimmed_end(line);
    return is_broken_at_a_seam(line) || is_in_mid_sentence(line);
}

bool is_rest_of_headline(std::string_view line, std::string_view next, bool bare_dates) {
    next = trimmed_end(without_quoting(next));
    if (!may_go_on(next, bare_dates) || next.size() > most_width) return false;
    line = trimmed_end(line);
    if (meets_at_a_seam(line, next)) return true;
    if (!is_in_mid_sentence(line)) return false;
    const bool names_source = ends_with_source(line, last_word(line));
    return !names_source || first_word(next).find("+0x") != std::string_view::npos;
}

std::optional<std::size_t> width_of_broken_lines(const std::vector<std::string_view>& lines,
                                                 bool bare_dates) {
    std::vector<Break> breaks;
    std::size_t longest = 0, with_prefix = 0;
    bool in_log = false;
    std::string_view before;
    for (std::size_t i = 0; i < std::min(lines.size(), most_lines); ++i) {
        const std::string_view line = trimmed_end(without_quoting(lines[i]));
        const bool begins = has_prefix(line, bare_dates);
        const bool follows = in_log && may_go_on(line, bare_dates);
        if (follows)
            breaks.push_back({length_of(before), length_of(before) + 1 + length_of(first_word(line))});
        in_log = begins || follows;
        with_prefix += begins;
        if (begins && could_be_broken(line)) longest = std::max(longest, length_of(line));
        before = line;
    }
    const auto [width, explained] = best_width(breaks);
    // Mailers leave lines alone that are a little longer than what they break others into.
    if (explained == 0 || longest > std::max(width + 12, mailers_width)) return std::nullopt;
    // Reports have lines that are longer than a mail's: where one was broken and none is longer, that is why.
    const bool is_mail = width <= mailers_width && with_prefix >= 12;
    if (explained < 2 && !is_mail) return std::nullopt;
    return explained * 5 >= breaks.size() * 4 ? std::optional(width) : std::nullopt;
}

}  // namespace postmortem
