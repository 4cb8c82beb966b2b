#include "kernel/layout/findings.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "base/parallel.h"

namespace postmortem {
namespace {

std::string offsets_of(const std::vector<Placement>& places) {
    std::string list;
    for (const Placement& place : places)
        list += fmt::format("{}{} ({} agree)", list.empty() ? "" : ", ", place.offset, place.agree);
    return list;
}

// Where several places hold the same in every struct, each of them gives the same answers.
bool are_alike(const Placement& one, const Placement& other, const MemberShape& shape,
               const AddressSpace& memory, const std::vector<std::uint64_t>& all) {
    if (shape.kind != TypeKind::Integer && shape.kind != TypeKind::Pointer) return false;
    return std::all_of(all.begin(), all.end(), [&](std::uint64_t address) {
        const StructImage image(memory, address, 0);
        if (shape.kind == TypeKind::Integer && shape.byte_size == 4)
            return image.number(one.offset) == image.number(other.offset);
        return image.word(one.offset) == image.word(other.offset);
    });
}

}  // namespace

bool Findings::has(std::string_view type, std::string_view member) const {
    return std::any_of(found_.begin(), found_.end(), [&](const Finding& finding) {
        return finding.type == type && finding.member == member;
    });
}

std::optional<std::uint64_t> Findings::settle(const Finding& member, const std::vector<Placement>& candidates,
                                              const AddressSpace& memory,
                                              const std::vector<std::uint64_t>& all, const Judge& judge) {
    constexpr std::size_t structs_at_once = 256;
    std::vector<Placement> unanimous;
    std::size_t most_against = 0;
    for (const Placement& candidate : candidates) {
        std::atomic<std::size_t> agree = 0, against = 0;
        parallel_for(all.size(), structs_at_once, [&](std::size_t first, std::size_t last) {
            for (std::size_t i = first; i < last; ++i) {
                const Says says = judge(StructImage(memory, all[i], 0), candidate.offset);
                agree += says == Says::Yes;
                against += says == Says::No;
            }
        });
        if (agree == 0) continue;  // nothing makes it more likely than any other place
        most_against = std::max<std::size_t>(most_against, against);
        if (against == 0) unanimous.push_back({candidate.offset, agree});
    }
    const bool all_alike = std::all_of(unanimous.begin(), unanimous.end(), [&](const Placement& candidate) {
        return &candidate == &unanimous.front() ||
               are_alike(unanimous.front(), candidate, member.shape, memory, all);
    });
    if (!unanimous.empty() && all_alike) {
        Finding settled = member;
        settled.offset = unanimous.front().offset;
        settled.agree = unanimous.front().agree;
        settled.of = all.size();
        add(settled);
        return settled.offset;
    }
    refuse(member.type, member.member,
           !unanimous.empty()
               ? fmt::format("{} places could be it: {}", unanimous.size(), offsets_of(unanimous))
           : candidates.empty() ? "no place is as it has to be in all of them"
           : most_against == 0
               ? fmt::format("no evidence: none of the {} looked at tells where it is", all.size())
               : fmt::format("{} of {} contradict", most_against, all.size()));
    return std::nullopt;
}

}  // namespace postmortem
