#include "log/match/name_set.h"

#include <algorithm>

#include "log/text/cursor.h"

namespace postmortem {
namespace {

bool equal_with_digits(std::string_view pattern, std::string_view text) {
    return std::equal(pattern.begin(), pattern.end(), text.begin(), text.end(),
                      [](char p, char c) { return p == '#' ? is_digit(c) : p == c; });
}

std::size_t find_with_digits(std::string_view pattern, std::string_view text, std::size_t from) {
    for (; from + pattern.size() <= text.size(); ++from) {
        if (equal_with_digits(pattern, text.substr(from, pattern.size()))) return from;
    }
    return std::string_view::npos;
}

}  // namespace

NameSet::NameSet(std::initializer_list<std::string_view> patterns)
    : NameSet(std::span(patterns.begin(), patterns.size())) {}

NameSet::NameSet(std::span<const std::string_view> patterns) {
    entries_.reserve(patterns.size());
    for (const std::string_view pattern : patterns) add(pattern);
}

void NameSet::add(std::string_view pattern) {
    Entry entry{pattern, false, false, false};
    if (entry.text.starts_with('^')) {
        entry.at_start = true;
        entry.text.remove_prefix(1);
    }
    if (entry.text.ends_with('$')) {
        entry.at_end = true;
        entry.text.remove_suffix(1);
    }
    entry.plain = entry.text.find_first_of("*#") == std::string_view::npos;
    entries_.push_back(entry);
}

void NameSet::add(const NameSet& other) {
    entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

bool NameSet::matches(const Entry& entry, std::string_view name) {
    if (entry.plain) {
        if (entry.at_start && entry.at_end) return name == entry.text;
        if (entry.at_start) return name.starts_with(entry.text);
        if (entry.at_end) return name.ends_with(entry.text);
        return name.find(entry.text) != std::string_view::npos;
    }
    std::string_view rest = entry.text;
    std::size_t at = 0;
    bool anchored = entry.at_start;
    while (true) {
        const std::size_t star = rest.find('*');
        const std::string_view piece = rest.substr(0, star);
        const bool last = star == std::string_view::npos;
        if (last && entry.at_end && !anchored) {
            return name.size() >= at + piece.size() &&
                   equal_with_digits(piece, name.substr(name.size() - piece.size()));
        }
        const std::size_t found = find_with_digits(piece, name, at);
        if (found == std::string_view::npos || (anchored && found != at)) return false;
        at = found + piece.size();
        if (last) return !entry.at_end || at == name.size();
        rest.remove_prefix(star + 1);
        anchored = false;
    }
}

bool NameSet::matches(std::string_view name) const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& entry) { return matches(entry, name); });
}

}  // namespace postmortem
