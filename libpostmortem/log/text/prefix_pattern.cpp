#include "log/text/prefix_pattern.h"

#include <algorithm>
#include <array>

namespace postmortem {
namespace {

struct NamedHole {
    std::string_view name;
    Hole hole;
};
constexpr std::array<NamedHole, 36> named_holes = {{{"seconds", Hole::Seconds},
                                                    {"delta", Hole::Delta},
                                                    {"usec", Hole::Usec},
                                                    {"date", Hole::Date},
                                                    {"clock", Hole::Clock},
                                                    {"yyyy", Hole::Year},
                                                    {"mm", Hole::TwoDigits},
                                                    {"dd", Hole::Day},
                                                    {"month", Hole::Month},
                                                    {"epoch", Hole::Epoch},
                                                    {"zone", Hole::Zone},
                                                    {"host", Hole::Host},
                                                    {"program", Hole::Program},
                                                    {"tag", Hole::Tag},
                                                    {"strict tag", Hole::StrictTag},
                                                    {"kernel", Hole::Kernel},
                                                    {"priority", Hole::Priority},
                                                    {"level", Hole::Level},
                                                    {"facility", Hole::Facility},
                                                    {"letter", Hole::Letter},
                                                    {"cpu", Hole::Cpu},
                                                    {"pid", Hole::Pid},
                                                    {"task", Hole::Task},
                                                    {"caller", Hole::Caller},
                                                    {"word", Hole::Word},
                                                    {"num", Hole::Number},
                                                    {"release", Hole::Release},
                                                    {"flags", Hole::Flags},
                                                    {"structured", Hole::Structured},
                                                    {"log tag", Hole::LogTag},
                                                    {"!", Hole::NoHexDump},
                                                    {"path", Hole::Path},
                                                    {"object", Hole::Object},
                                                    {";", Hole::End},
                                                    {" ", Hole::Blanks},
                                                    {"~", Hole::AnyBlanks}}};

}  // namespace

PrefixPattern::PrefixPattern(std::string_view spec) {
    while (!spec.empty()) {
        if (spec.front() == '{') {
            const std::size_t close = std::min(spec.find('}'), spec.size() - 1);
            const std::string_view name = spec.substr(1, close - 1);
            for (const NamedHole& named : named_holes) {
                if (named.name == name) add(named.hole);
            }
            spec.remove_prefix(close + 1);
            if (!spec.empty() && spec.front() != '{' && !parts_.empty()) parts_.back().next = spec.front();
            continue;
        }
        if (spec.front() == ' ' || spec.front() == '~') {
            add(spec.front() == ' ' ? Hole::Blanks : Hole::AnyBlanks);
            spec.remove_prefix(1);
            continue;
        }
        if (spec.front() == '_') {
            add(Hole::Literal, std::string_view(" "));
            spec.remove_prefix(1);
            continue;
        }
        const std::size_t length = std::min(spec.find_first_of("{ ~_"), spec.size());
        add(Hole::Literal, spec.substr(0, length));
        spec.remove_prefix(length);
    }
    find_first();
}

void PrefixPattern::add(Hole hole, std::string_view literal) {
    const bool tells = tells_something(hole) && told_.size() < max_told;
    if (tells) told_.push_back(hole);
    const char first = literal.empty() ? '\0' : literal.front();
    parts_.push_back({hole, tells, '\0', first, literal});
}

void PrefixPattern::find_first() {
    first_.set();
    beside_.set();
    second_.set();
    if (parts_.empty()) return;
    demands_blanks_ = parts_.front().hole == Hole::Blanks;
    // Months are padded, or not.
    allows_blanks_ =
        demands_blanks_ || parts_.front().hole == Hole::AnyBlanks || parts_.front().hole == Hole::Month;
    const bool is_padded = demands_blanks_ || parts_.front().hole == Hole::AnyBlanks;
    const std::size_t first = parts_.size() > 1 && is_padded ? 1 : 0;
    first_ = firsts_of(parts_[first]);
    begins_with_date_ = parts_[first].hole == Hole::Date;
    beside_ = beside_of(first);
    second_ = second_of(first);
    mark_ = mark_of(first);
}

// The longest literal behind a word that the line begins with: the rarest. Where it begins with a literal or
// a number a look is as cheap as the search would be.
std::string_view PrefixPattern::mark_of(std::size_t first) const {
    std::string_view mark;
    if (firsts_of(parts_[first]).count() <= 10) return mark;
    for (std::size_t i = first + 1; i < parts_.size(); ++i) {
        if (parts_[i].hole == Hole::Literal && parts_[i].literal.size() > mark.size())
            mark = parts_[i].literal;
    }
    return mark;
}

std::bitset<256> PrefixPattern::beside_of(std::size_t first) const {
    const Part& part = parts_[first];
    if (part.hole == Hole::Literal && part.literal.size() > 1)
        return std::bitset<256>().set(static_cast<unsigned char>(part.literal[1]));
    const bool is_one_character = part.hole == Hole::Literal || part.hole == Hole::Letter;
    const bool has_next = first + 1 < parts_.size();
    if (is_one_character && has_next) return firsts_at(first + 1);
    const std::bitset<256> digits = firsts_of({.hole = Hole::Number});
    switch (part.hole) {
        case Hole::Year:
        case Hole::Epoch: return digits;
        case Hole::Seconds:
        case Hole::Release: return std::bitset<256>(digits).set(static_cast<unsigned char>('.'));
        case Hole::TwoDigits:
        case Hole::Priority:
        case Hole::Number:
            if (has_next) return digits | firsts_at(first + 1);
            [[fallthrough]];
        default: return std::bitset<256>().set();
    }
}

// A word or a date, and behind blanks another word.
std::bitset<256> PrefixPattern::second_of(std::size_t first) const {
    const Hole hole = parts_[first].hole;
    const auto any = std::bitset<256>().set();
    constexpr std::array<Hole, 5> words = {Hole::Host, Hole::Word, Hole::Date, Hole::Level, Hole::Seconds};
    if (std::find(words.begin(), words.end(), hole) == words.end()) return any;
    std::size_t next = first + 1;
    if (hole != Hole::Date && next < parts_.size() && parts_[next].literal == ":") ++next;
    const bool ends_word = next + 1 < parts_.size() && parts_[next].hole == Hole::Blanks;
    if (!ends_word) return any;
    if (parts_[next + 1].hole == Hole::AnyBlanks) ++next;
    return next + 1 < parts_.size() ? firsts_of(parts_[next + 1]) : any;
}

std::bitset<256> PrefixPattern::firsts_at(std::size_t part) const {
    constexpr auto blank = static_cast<unsigned char>(' '), tab = static_cast<unsigned char>('\t');
    if (parts_[part].hole == Hole::Blanks) return std::bitset<256>().set(blank).set(tab);
    if (parts_[part].hole != Hole::AnyBlanks || part + 1 == parts_.size()) return firsts_of(parts_[part]);
    return firsts_of(parts_[part + 1]).set(blank).set(tab);
}

std::bitset<256> PrefixPattern::firsts_of(const Part& part) {
    std::bitset<256> firsts;
    const auto allow = [&](std::string_view characters) {
        for (const char c : characters) firsts.set(static_cast<unsigned char>(c));
        return firsts;
    };
    switch (part.hole) {
        case Hole::Literal: return allow(part.literal.substr(0, 1));
        case Hole::Seconds:
        case Hole::Usec:
        case Hole::Year:
        case Hole::TwoDigits:
        case Hole::Day:
        case Hole::Epoch:
        case Hole::Priority:
        case Hole::Cpu:
        case Hole::Number:
        case Hole::Release: return allow("0123456789");
        case Hole::Date:  // a number, or the name of a day or month in any language
            for (std::size_t c = 0; c < firsts.size(); ++c) {
                const char letter = static_cast<char>(c);
                if (c >= 0x80 || is_digit(letter) || is_alpha(letter)) firsts.set(c);
            }
            return firsts;
        case Hole::Kernel: return allow("k");
        case Hole::Path: return allow("./cdkmsv");
        case Hole::Object: return allow("{");
        case Hole::Caller: return allow("TC");
        case Hole::Letter: return allow("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        case Hole::Facility: return allow("kumdaslnufc");
        case Hole::Level: return allow("EePpAaCcWwNnIiDdVv");
        default: return firsts.set();
    }
}

bool PrefixPattern::take(Cursor& cursor, LogRecord& record, LineTimes& times) const {
    // Plain arrays, which nobody clears: this runs several times for every line.
    const char* begins[max_told];
    std::size_t sizes[max_told];
    std::size_t told = 0;
    Cursor at = cursor;
    for (const Part& part : parts_) {
        if (part.hole == Hole::Literal) {
            if (!take_literal(at, part)) return false;
            continue;
        }
        if (part.hole == Hole::AnyBlanks) {
            at.skip_blanks();
            continue;
        }
        const std::string_view before = at.rest();
        if (!take_hole(part.hole, part.next, at, times)) return false;
        if (!part.tells) continue;
        begins[told] = before.data();
        sizes[told++] = before.size() - at.rest().size();
    }
    for (std::size_t i = 0; i < told; ++i) tell(told_[i], {begins[i], sizes[i]}, times, record);
    cursor = at;
    return true;
}

}  // namespace postmortem
