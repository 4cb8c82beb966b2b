#include "log/events/undecoded.h"

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

// Where the bracket that opens at the text's first character closes.
std::size_t bracket_end(std::string_view text) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '(') ++depth;
        if (text[at] == ')' && --depth == 0) return at + 1;
    }
    return npos;
}

// "fs/a.c:12", "./include/linux/b.h:3", "rust/kernel/c.rs:4", "entry.S:5"
bool is_place(std::string_view word) {
    const std::size_t colon = word.rfind(':');
    if (colon == npos || colon == 0 || colon + 1 == word.size() || !is_digit(word[colon + 1])) return false;
    const std::string_view path = word.substr(0, colon);
    for (const std::string_view extension : {".c", ".h", ".S", ".rs"})
        if (path.ends_with(extension)) return true;
    return false;
}

// The place that a bracket with source lines begins with; empty for any other bracket.
std::string_view first_place(std::string_view inside) {
    const std::string_view word = inside.substr(0, inside.find(' '));
    return is_place(word) || word == "??:?" || word == "??:0" ? word : std::string_view();
}

bool ends_symbol(std::string_view before) {
    return !before.empty() && (is_symbol(before.back()) && !before.ends_with('.'));
}

bool has_offset(std::string_view before) {
    const std::size_t blank = before.find_last_of(" \t:[");
    return before.substr(blank == npos ? 0 : blank + 1).find('+') != npos;
}

}  // namespace

Undecoded undecoded(std::string_view line) {
    for (std::size_t open = line.find('('); open != npos; open = line.find('(', open + 1)) {
        if (open == 0 || line[open - 1] != ' ') continue;
        const std::size_t at = open - 1;
        const std::string_view before = line.substr(0, at);
        const std::size_t end = bracket_end(line.substr(at + 1));
        if (end == npos) return {};
        const std::string_view place = first_place(line.substr(at + 2, end - 2));
        if (place.empty() || !ends_symbol(before)) continue;
        Undecoded result{std::string(before), is_place(place) ? std::string(place) : std::string()};
        if (!has_offset(before)) result.text += "+0x0/0x0";
        const std::string_view rest = line.substr(at + 1 + end);
        Cursor module(rest);
        module.skip_blanks();
        const std::string_view name = module.take_while(is_symbol);
        if (!name.empty() && trimmed(module.rest()).empty())
            result.text += " [" + std::string(name) + "]";
        else
            result.text += rest;
        return result;
    }
    return {};
}

}  // namespace postmortem
