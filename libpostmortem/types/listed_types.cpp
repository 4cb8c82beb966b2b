#include "types/listed_types.h"

#include <algorithm>

namespace postmortem {

ListedTypes::ListedTypes(std::uint32_t word_size, std::string source, Error damage)
    : word_size_(word_size), source_(std::move(source)), damage_(std::move(damage)), all_(1) {}

TypeId ListedTypes::append(Type type) {
    all_.push_back(std::move(type));
    return all_.size() - 1;
}

TypeId ListedTypes::declare(TypeKind kind, std::string_view name) {
    const std::pair key{kind, std::string(name)};
    if (const auto known = named_.find(key); known != named_.end()) return known->second;
    Type type;
    type.kind = kind;
    type.name = name;
    return named_[key] = append(std::move(type));
}

TypeId ListedTypes::made(const MemberShape& shape) {
    Type type;
    type.kind = shape.kind;
    switch (shape.kind) {
        case TypeKind::Struct: return declare(TypeKind::Struct, shape.target);
        case TypeKind::Pointer:
            type.byte_size = word_size_;
            if (!shape.target.empty()) type.target = declare(TypeKind::Struct, shape.target);
            break;
        case TypeKind::Array:
            type.count = shape.count;
            type.target =
                shape.target.empty() ? made(MemberShape::number(1)) : declare(TypeKind::Struct, shape.target);
            break;
        default:
            type.byte_size = shape.byte_size;
            type.is_signed = shape.is_signed;
            break;
    }
    return append(std::move(type));
}

// Offsets of what lies within count from the outermost struct: where the embedded one begins is not known.
TypeId ListedTypes::embedding(TypeId holder, std::string_view member) {
    for (const Member& known : all_[holder].members)
        if (known.name == member) return known.type;
    Type type;
    type.kind = TypeKind::Struct;
    const TypeId inner = append(std::move(type));
    all_[holder].members.push_back({std::string(member), 0, 0, inner});
    return inner;
}

void ListedTypes::add(std::string_view struct_name, std::string_view path, std::uint64_t offset,
                      const MemberShape& shape) {
    TypeId holder = declare(TypeKind::Struct, struct_name);
    for (std::size_t dot; (dot = path.find('.')) != path.npos; path.remove_prefix(dot + 1))
        holder = embedding(holder, path.substr(0, dot));
    const TypeId type = made(shape);
    all_[holder].members.push_back({std::string(path), offset * 8, 0, type});
}

void ListedTypes::set_size(TypeKind kind, std::string_view name, std::uint64_t bytes) {
    all_[declare(kind, name)].byte_size = bytes;
}

Result<TypeId> ListedTypes::search(TypeKind kind, std::string_view name) const {
    const auto known = named_.find(std::pair{kind, std::string(name)});
    if (known != named_.end()) return known->second;
    // The same words for all, so that they are told once.
    return fail(ErrorCode::MissingDebugInfo, "this takes more types than could be inferred");
}

Type ListedTypes::decode(TypeId id) const {
    if (id < all_.size()) return all_[id];
    Type unknown;
    unknown.kind = TypeKind::Unknown;
    return unknown;
}

}  // namespace postmortem
