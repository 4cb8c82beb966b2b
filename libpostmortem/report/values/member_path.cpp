#include "report/values/member_path.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"
#include "report/values/value_maker.h"
#include "types/c_declaration.h"

namespace postmortem {
namespace {

constexpr std::uint32_t deepest_anonymous = 16;

struct DeclaredMember {
    const Member* member = nullptr;
    std::uint64_t bit_offset = 0;
    std::uint32_t nesting = 0;
    bool last = false;
};

// Anonymous structs and unions are looked through.
std::optional<DeclaredMember> declared_member(const TypeFinder& types, TypeId id, std::string_view name,
                                              std::uint32_t depth) {
    const Type& type = types.get(id);
    const bool has_members = type.kind == TypeKind::Struct || type.kind == TypeKind::Union;
    if (!has_members || depth > deepest_anonymous) return std::nullopt;
    for (const Member& member : type.members) {
        const bool last = &member == &type.members.back();
        if (member.name == name) return DeclaredMember{&member, member.bit_offset, depth, last};
        if (!member.name.empty()) continue;
        auto inner = declared_member(types, member.type, name, depth + 1);
        if (!inner) continue;
        inner->bit_offset += member.bit_offset;
        return inner;
    }
    return std::nullopt;
}

struct PathStep {
    std::string_view name;
    std::vector<std::uint64_t> indices;
};

// "pid_links[1]"
Result<PathStep> step_of(std::string_view word) {
    PathStep step;
    std::size_t bracket = word.find('[');
    step.name = word.substr(0, bracket);
    while (bracket != npos) {
        const std::size_t closing = word.find(']', bracket);
        const auto index =
            closing == npos ? std::nullopt : parse_u64(word.substr(bracket + 1, closing - bracket - 1));
        const bool goes_on = closing + 1 < word.size() && word[closing + 1] == '[';
        if (!index || (closing + 1 != word.size() && !goes_on))
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no member", word));
        step.indices.push_back(*index);
        bracket = goes_on ? closing + 1 : npos;
    }
    return step;
}

Result<void> enter_element(const TypeFinder& types, MemberPathPlace& place, std::string_view word,
                           const std::vector<std::uint64_t>& indices) {
    for (std::size_t i = 0; i < indices.size(); ++i) {
        const Type& array = types.get(place.type);
        if (array.kind != TypeKind::Array)
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no array", word));
        if (array.dimensions.size() > 1)
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("'{}' is an array of arrays: name it as a whole", word));
        if (array.count != 0 && indices[i] >= array.count)
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' has {} elements", word, array.count));
        const auto distance = checked_mul(value_size(types, array.target), indices[i]);
        if (!distance)
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' reaches past all memory", word));
        place.offset += *distance;
        place.type = array.target;
    }
    return {};
}

}  // namespace

Result<MemberPathPlace> find_member_path(const TypeFinder& types, TypeId type, std::string_view path) {
    MemberPathPlace place;
    place.type = type;
    for (const std::string_view word : split(path, '.')) {
        const auto step = step_of(word);
        if (!step) return fail(step.error());
        const auto found = declared_member(types, place.type, step->name, 0);
        if (!found) {
            const auto why = types.member(place.type, step->name);
            return fail(why ? Error(ErrorCode::NotFound, fmt::format("there is no member {}", step->name))
                            : why.error());
        }
        place.offset += found->bit_offset / 8;
        place.bit_size = found->member->bit_size;
        place.bit_offset = place.bit_size != 0 ? static_cast<std::uint32_t>(found->bit_offset % 8) : 0;
        place.type = found->member->type;
        place.nesting = found->nesting;
        place.last = found->last;
        if (auto done = enter_element(types, place, word, step->indices); !done)
            return fail(std::move(done.error()));
    }
    return place;
}

}  // namespace postmortem
