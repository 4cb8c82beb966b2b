#include "log/text/prefix_pattern.h"

#include <algorithm>
#include <array>

namespace postmortem {
namespace {

struct NamedHole {
    std::string_view name;
    Hole hole;
};
constexpr std::array<NamedHole, 34> named_holes = {{{"seconds", Hole::Seconds},
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
        const std::size_t length = std::min(spec.find_first_of("{ ~"), spec.size());
        add(Hole::Literal, std::string(spec.substr(0, length)));
        spec.remove_prefix(length);
    }
    find_first();
}

void PrefixPattern::add(Hole hole, std::string literal) {
    const auto told =
        std::count_if(parts_.begin(), parts_.end(), [](const Part& part) { return part.tells; });
    const bool tells = tells_something(hole) && static_cast<std::size_t>(told) < max_told;
    parts_.push_back({hole, tells, '\0', std::move(literal)});
}

void PrefixPattern::find_first() {
    const auto is_plain = [](const Part& part) {
        return part.hole == Hole::Literal || part.hole == Hole::Blanks || part.hole == Hole::AnyBlanks;
    };
    if (parts_.empty()) return;
    demands_blanks_ = parts_.front().hole == Hole::Blanks;
    // Months are padded, or not.
    allows_blanks_ =
        demands_blanks_ || parts_.front().hole == Hole::AnyBlanks || parts_.front().hole == Hole::Month;
    const std::size_t first = parts_.size() > 1 && is_plain(parts_.front()) && allows_blanks_ ? 1 : 0;
    first_ = firsts_of(parts_[first]);
    second_.set();
    begins_with_date_ = parts_[first].hole == Hole::Date;
    // A word, and behind blanks another one.
    if (parts_[first].hole != Hole::Host && parts_[first].hole != Hole::Word) return;
    std::size_t next = first + 1;
    if (next < parts_.size() && parts_[next].literal == ":") ++next;
    if (next + 1 < parts_.size() && parts_[next].hole == Hole::Blanks) second_ = firsts_of(parts_[next + 1]);
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
        case Hole::Kernel: return allow("k");
        case Hole::Letter: return allow("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        case Hole::Facility: return allow("kumdaslnufc");
        case Hole::Level: return allow("EePpAaCcWwNnIiDdVv");
        default: return firsts.set();
    }
}

bool PrefixPattern::take(Cursor& cursor, LogRecord& record, DateFinder& dates) const {
    // Plain arrays, which nobody clears: this runs several times for every line.
    const char* begins[max_told];
    std::size_t sizes[max_told];
    std::size_t told = 0;
    Cursor at = cursor;
    for (const Part& part : parts_) {
        if (part.hole == Hole::Literal) {
            if (!at.take(std::string_view(part.literal))) return false;
            continue;
        }
        const std::string_view before = at.rest();
        if (!take_hole(part.hole, part.next, at, dates)) return false;
        if (!part.tells) continue;
        begins[told] = before.data();
        sizes[told++] = before.size() - at.rest().size();
    }
    told = 0;
    for (const Part& part : parts_) {
        if (!part.tells) continue;
        tell(part.hole, {begins[told], sizes[told]}, dates, record);
        ++told;
    }
    cursor = at;
    return true;
}

}  // namespace postmortem
