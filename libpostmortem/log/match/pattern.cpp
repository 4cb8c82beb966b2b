#include "log/match/pattern.h"

#include <algorithm>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

bool is_plain_word(char c) {
    return is_alpha(c) || c == '-';
}
bool is_identifier(char c) {
    return is_alpha(c) || is_digit(c) || c == '_';
}
bool is_plain_name(char c) {
    return is_identifier(c);
}
bool is_path(char c) {
    return is_identifier(c) || c == '-' || c == '/' || c == '.';
}

template <class Predicate>
std::size_t run_end(std::string_view text, std::size_t at, Predicate is_part) {
    while (at < text.size() && is_part(text[at])) ++at;
    return at;
}

// A blank in the pattern takes any number of blanks, but at least one.
std::size_t literal_end(std::string_view literal, std::string_view text, std::size_t at) {
    for (const char c : literal) {
        if (at >= text.size()) return npos;
        if (c == ' ') {
            if (!is_blank(text[at])) return npos;
            at = run_end(text, at, is_blank);
        } else {
            if (text[at] != c) return npos;
            ++at;
        }
    }
    return at;
}

// "[<ffffffff81234567>]", "[c000000000123456]", "[<0xffff>]"
std::size_t pc_end(std::string_view text, std::size_t at) {
    Cursor cursor(text.substr(at));
    if (!cursor.take('[')) return npos;
    cursor.take('<');
    cursor.take("0x");
    if (cursor.take_while(is_hex).empty()) return npos;
    cursor.take('>');
    if (!cursor.take(']')) return npos;
    return text.size() - cursor.rest().size();
}

// "mm/slub.c:123", "./include/linux/log2.h:57"
std::size_t source_end(std::string_view text, std::size_t at) {
    const std::size_t path = run_end(text, at, is_path);
    if (path >= text.size() || text[path] != ':') return npos;
    const std::size_t dot = text.substr(at, path - at).rfind('.');
    if (dot == npos || dot == 0 || at + dot + 1 == path) return npos;
    const std::size_t line = run_end(text, path + 1, is_digit);
    return line == path + 1 ? npos : line;
}

}  // namespace

Pattern::Pattern(std::string_view spec) {
    while (!spec.empty()) {
        const std::size_t open = spec.find('{');
        if (open != 0) {
            parts_.push_back({Kind::Literal, false, std::string(spec.substr(0, open)), {}});
            spec.remove_prefix(std::min(open, spec.size()));
            continue;
        }
        const std::size_t close = std::min(spec.find('}'), spec.size() - 1);
        add_hole(spec.substr(1, close - 1));
        spec.remove_prefix(close + 1);
    }
}

void Pattern::add_hole(std::string_view hole) {
    struct Named {
        std::string_view name;
        Kind kind;
        bool captures;
    };
    static constexpr std::array<Named, 16> named = {{{"func", Kind::Func, true},
                                                     {"src", Kind::Source, true},
                                                     {"word", Kind::Word, true},
                                                     {"word_", Kind::Word, false},
                                                     {"name", Kind::Name, true},
                                                     {"num", Kind::Number, true},
                                                     {"num_", Kind::Number, false},
                                                     {"hex", Kind::Hex, true},
                                                     {"hex_", Kind::Hex, false},
                                                     {"text", Kind::Text, true},
                                                     {"rest", Kind::Rest, true},
                                                     {"pc", Kind::Pc, false},
                                                     {"pc?", Kind::OptionalPc, false},
                                                     {"start", Kind::Start, false},
                                                     {"end", Kind::End, false},
                                                     {"*", Kind::Any, false}}};
    for (const Named& one : named) {
        if (one.name != hole) continue;
        parts_.push_back({one.kind, one.captures, {}, {}});
        return;
    }
    Part part{Kind::Alternatives, true, {}, {}};
    while (true) {
        const std::size_t bar = hole.find('|');
        part.alternatives.emplace_back(hole.substr(0, bar));
        if (bar == npos) break;
        hole.remove_prefix(bar + 1);
    }
    // Of "do_msa" and "do_msa_fpe" the longer one is meant where both are there, whichever is named first.
    std::stable_sort(part.alternatives.begin(), part.alternatives.end(),
                     [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
    parts_.push_back(std::move(part));
}

std::optional<std::size_t> Pattern::match_part(const Part& part, std::string_view text, std::size_t at,
                                               PatternMatch& match) {
    std::size_t end = npos;
    const auto at_least_one = [&](std::size_t stop) { return stop == at ? npos : stop; };
    switch (part.kind) {
        case Kind::Literal: end = literal_end(part.literal, text, at); break;
        case Kind::Rest: end = text.size(); break;
        case Kind::Start:
            if (at != 0) return std::nullopt;
            end = 0;
            break;
        case Kind::End:
            end = run_end(text, at, is_blank);
            if (end != text.size()) return std::nullopt;
            break;
        case Kind::Source: end = source_end(text, at); break;
        case Kind::Word: end = at_least_one(run_end(text, at, is_plain_word)); break;
        case Kind::Name: end = at_least_one(run_end(text, at, is_plain_name)); break;
        case Kind::Number: end = at_least_one(run_end(text, at, is_digit)); break;
        case Kind::Pc: end = pc_end(text, at); break;
        case Kind::Func:
            // ppc64 with function descriptors writes ".function"
            if (at < text.size() && text[at] == '.') ++at;
            end = at_least_one(run_end(text, at, is_identifier));
            if (end == npos || end >= text.size() || (text[end] != '+' && text[end] != '.'))
                return std::nullopt;
            break;
        case Kind::Hex: {
            const std::size_t digits = text.substr(at).starts_with("0x") ? at + 2 : at;
            end = run_end(text, digits, is_hex);
            if (end == digits) return std::nullopt;
            break;
        }
        case Kind::OptionalPc: end = pc_end(text, at); return end == npos ? at : run_end(text, end, is_blank);
        case Kind::Alternatives:
            for (const std::string& alternative : part.alternatives) {
                end = literal_end(alternative, text, at);
                if (end != npos) break;
            }
            break;
        case Kind::Any:
        case Kind::Text: return std::nullopt;  // match_from() sees to these
    }
    if (end == npos) return std::nullopt;
    const std::string_view held = text.substr(at, end - at);
    if (part.kind == Kind::Func && match.function.empty()) match.function = held;
    if (part.captures && match.capture_count < match.captures.size())
        match.captures[match.capture_count++] = held;
    return end;
}

// Matches parts up to the next {*} or {text}, which `part` then names.
bool Pattern::match_run(std::size_t& part, std::string_view text, std::size_t& at,
                        PatternMatch& match) const {
    for (; part < parts_.size(); ++part) {
        if (parts_[part].kind == Kind::Any || parts_[part].kind == Kind::Text) return true;
        const auto end = match_part(parts_[part], text, at, match);
        if (!end) return false;
        at = *end;
    }
    return true;
}

// The next place where `part` may begin. Runs of letters are tried at their start only, which keeps the
// search linear in the line.
std::size_t Pattern::candidate(std::size_t part, std::string_view text, std::size_t from) const {
    if (part >= parts_.size()) return from;
    const Part& first = parts_[part];
    if (first.kind == Kind::Literal) {
        return text.find(std::string_view(first.literal).substr(0, first.literal.find(' ')), from);
    }
    if (first.kind == Kind::Start) return from == 0 ? 0 : npos;
    if (first.kind == Kind::Pc) return text.find('[', from);
    if (first.kind == Kind::Alternatives) {
        std::size_t best = npos;
        for (const std::string& alternative : first.alternatives) {
            best = std::min(best,
                            text.find(std::string_view(alternative).substr(0, alternative.find(' ')), from));
        }
        return best;
    }
    while (from != 0 && from < text.size() && is_path(text[from]) && is_path(text[from - 1])) ++from;
    return from;
}

bool Pattern::match_from(std::size_t part, std::string_view text, std::size_t at, PatternMatch& match) const {
    if (!match_run(part, text, at, match)) return false;
    while (part < parts_.size()) {
        const bool captures = parts_[part].captures;
        const std::size_t begin = at;
        ++part;
        bool found = false;
        for (std::size_t from = candidate(part, text, at); from <= text.size();
             from = candidate(part, text, from + 1)) {
            PatternMatch attempt = match;
            if (captures && attempt.capture_count < attempt.captures.size()) {
                attempt.captures[attempt.capture_count++] = text.substr(begin, from - begin);
            }
            std::size_t next = part;
            std::size_t end = from;
            if (!match_run(next, text, end, attempt)) continue;
            match = attempt;
            part = next;
            at = end;
            found = true;
            break;
        }
        if (!found) return false;
    }
    match.end = at;
    return true;
}

std::optional<PatternMatch> Pattern::find(std::string_view text) const {
    for (std::size_t from = candidate(0, text, 0); from <= text.size(); from = candidate(0, text, from + 1)) {
        PatternMatch match;
        match.begin = from;
        if (match_from(0, text, from, match)) return match;
    }
    return std::nullopt;
}

std::optional<PatternMatch> Pattern::match(std::string_view text) const {
    PatternMatch match;
    if (!match_from(0, text, 0, match)) return std::nullopt;
    return match;
}

}  // namespace postmortem
