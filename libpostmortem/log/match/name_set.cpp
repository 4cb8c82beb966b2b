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
    Entry entry{pattern, false, false, false, '\0'};
    if (entry.text.starts_with('^')) {
        entry.at_start = true;
        entry.text.remove_prefix(1);
    }
    if (entry.text.ends_with('$')) {
        entry.at_end = true;
        entry.text.remove_suffix(1);
    }
    entry.plain = entry.text.find_first_of("*#") == std::string_view::npos;
    if (entry.text.size() > 1 && entry.text[1] != '*' && entry.text[1] != '#') entry.second = entry.text[1];
    add(entry);
}

void NameSet::add(const Entry& entry) {
    if (entry.text.empty()) return;
    const auto first = static_cast<unsigned char>(entry.text.front());
    entries_.insert(entries_.begin() + begin_[first + 1], entry);
    for (std::size_t later = first + 1; later < begin_.size(); ++later) ++begin_[later];
}

void NameSet::add(const NameSet& other) {
    for (const Entry& entry : other.entries_) add(entry);
}

bool NameSet::stands_at(const Entry& entry, std::string_view name, std::size_t at) {
    if (entry.at_start && at != 0) return false;
    if (entry.plain) {
        const std::string_view here = name.substr(at);
        return entry.at_end ? here == entry.text : here.starts_with(entry.text);
    }
    std::string_view rest = entry.text;
    bool anchored = true;
    while (true) {
        const std::size_t star = rest.find('*');
        const std::string_view piece = rest.substr(0, star);
        const bool last = star == std::string_view::npos;
        if (last && entry.at_end && !anchored) {
            return name.size() >= at + piece.size() &&
                   equal_with_digits(piece, name.substr(name.size() - piece.size()));
        }
        if (!anchored) at = find_with_digits(piece, name, at);
        if (at == std::string_view::npos || !equal_with_digits(piece, name.substr(at, piece.size())))
            return false;
        at += piece.size();
        if (last) return !entry.at_end || at == name.size();
        rest.remove_prefix(star + 1);
        anchored = false;
    }
}

bool NameSet::matches(std::string_view name) const {
    for (std::size_t at = 0; at < name.size(); ++at) {
        const char next = at + 1 < name.size() ? name[at + 1] : '\0';
        const auto first = static_cast<unsigned char>(name[at]);
        for (std::size_t i = begin_[first]; i < begin_[first + 1]; ++i) {
            const Entry& entry = entries_[i];
            if (entry.second != '\0' && entry.second != next) continue;
            if (stands_at(entry, name, at)) return true;
        }
    }
    return false;
}

}  // namespace postmortem
