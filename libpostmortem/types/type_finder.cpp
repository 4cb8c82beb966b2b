#include "types/type_finder.h"

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

#include "base/text.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

constexpr unsigned max_typedef_chain = 32;
constexpr unsigned max_anonymous_depth = 16;
constexpr std::size_t most_members_searched = 1u << 18;  // looked at for one

class EmptyTypeFinder final : public TypeFinder {
  public:
    explicit EmptyTypeFinder(Error why) : why_(std::move(why)) {}
    std::string source() const override { return "none"; }

  protected:
    Result<TypeId> search(TypeKind, std::string_view) const override { return fail(why_); }
    Type decode(TypeId) const override { return {TypeKind::Unknown, {}, 0, false, 0, 0, {}, {}, {}, false}; }

  private:
    Error why_;
};

}  // namespace

std::string_view to_string(TypeKind kind) {
    switch (kind) {
        case TypeKind::Void: return "void";
        case TypeKind::Integer: return "integer";
        case TypeKind::Float: return "float";
        case TypeKind::Enum: return "enum";
        case TypeKind::Pointer: return "pointer";
        case TypeKind::Array: return "array";
        case TypeKind::Struct: return "struct";
        case TypeKind::Union: return "union";
        case TypeKind::Function: return "function";
        case TypeKind::Forward: return "forward declaration";
        case TypeKind::Typedef: return "typedef";
        case TypeKind::Variable: return "variable";
        case TypeKind::Unknown: break;
    }
    return "unknown";
}

Result<TypeId> TypeFinder::find(TypeKind kind, std::string_view name) const {
    const std::lock_guard guard(lock_);
    const KeyView key{static_cast<TypeId>(kind), name};
    auto known = found_.find(key);
    if (known == found_.end())
        known = found_.emplace(Key{key.type, std::string(name)}, search(kind, name)).first;
    if (!known->second) LostPages::note(known->second.error());
    return known->second;
}

const Type& TypeFinder::decoded(TypeId id) const {
    const std::lock_guard guard(lock_);
    auto& slot = types_[id];
    if (!slot) slot = std::make_unique<Type>(decode(id));
    return *slot;
}

TypeId TypeFinder::stripped(TypeId id) const {
    for (unsigned i = 0; i < max_typedef_chain; ++i) {
        const Type& type = decoded(id);
        if (type.kind != TypeKind::Typedef) break;
        id = type.target;
    }
    return id;
}

const Type& TypeFinder::get(TypeId id) const {
    return decoded(stripped(id));
}

const Type& TypeFinder::get_declared(TypeId id) const {
    return decoded(id);
}

std::optional<MemberPlace> TypeFinder::search_members(TypeId id, std::string_view name, unsigned depth,
                                                      std::size_t& budget) const {
    const Type& type = get(id);
    if (type.kind != TypeKind::Struct && type.kind != TypeKind::Union) return std::nullopt;
    if (type.members.size() > budget) return std::nullopt;
    budget -= type.members.size();
    for (const Member& member : type.members)
        if (member.name == name)
            return MemberPlace{member.bit_offset, member.bit_size, stripped(member.type)};
    if (depth == 0) return std::nullopt;
    for (const Member& member : type.members) {
        if (!member.name.empty()) continue;
        if (auto inner = search_members(member.type, name, depth - 1, budget)) {
            inner->bit_offset += member.bit_offset;
            return inner;
        }
    }
    return std::nullopt;
}

Result<MemberPlace> TypeFinder::member(TypeId struct_or_union, std::string_view name) const {
    const std::lock_guard guard(lock_);
    auto known = members_.find(KeyView{struct_or_union, name});
    if (known == members_.end()) {
        std::size_t budget = most_members_searched;
        known = members_
                    .emplace(Key{struct_or_union, std::string(name)},
                             search_members(struct_or_union, name, max_anonymous_depth, budget))
                    .first;
    }
    if (known->second) return *known->second;
    return fail(no_member(struct_or_union, name));
}

Error TypeFinder::no_member(TypeId struct_or_union, std::string_view names) const {
    const Type& type = get(struct_or_union);
    // In types that are not whole a member may be there and not be known, or its name be lost.
    if (are_partial(*this))
        return {ErrorCode::MissingDebugInfo,
                fmt::format("where {} {} keeps {} is not known", to_string(type.kind), type.name, names)};
    return {damage() ? ErrorCode::Corrupt : ErrorCode::NotFound,
            type.name.empty()
                ? fmt::format("{} has no member {}", with_article(to_string(type.kind)), names)
                : fmt::format("{} {} has no member {}", to_string(type.kind), type.name, names)};
}

Result<std::uint64_t> TypeFinder::offset_of(std::string_view struct_name,
                                            std::string_view member_name) const {
    auto type = find_struct(struct_name);
    if (!type) return fail(std::move(type.error()));
    auto place = member(*type, member_name);
    if (!place) return fail(std::move(place.error()));
    return place->offset();
}

Result<std::uint64_t> TypeFinder::size_of(std::string_view struct_name) const {
    auto type = find_struct(struct_name);
    if (!type) return fail(std::move(type.error()));
    return get(*type).byte_size;
}

Result<std::int64_t> TypeFinder::enumerator(std::string_view enum_name, std::string_view name) const {
    auto type = find(TypeKind::Enum, enum_name);
    if (!type) return fail(std::move(type.error()));
    for (const Enumerator& enumerator : get(*type).enumerators)
        if (enumerator.name == name) return enumerator.value;
    return fail(ErrorCode::NotFound, fmt::format("enum {} has no enumerator {}", enum_name, name));
}

std::vector<std::string> TypeFinder::asked_names() const {
    const std::lock_guard guard(lock_);
    std::vector<std::string> names;
    for (const auto& [key, type] : found_) names.push_back(key.name);
    for (const auto& [key, place] : members_) names.push_back(key.name);
    return names;
}

std::unique_ptr<TypeFinder> make_empty_type_finder(Error why) {
    return std::make_unique<EmptyTypeFinder>(std::move(why));
}

}  // namespace postmortem
