#include "object/object.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::size_t max_object_bytes = 1u << 20;

std::uint64_t type_size(const TypeFinder& types, TypeId id, unsigned depth = 8) {
    const Type& type = types.get(id);
    if (type.kind != TypeKind::Array || depth == 0) return type.byte_size;
    return checked_mul(type.count, type_size(types, type.target, depth - 1)).value_or(0);
}

std::uint64_t sign_extended(std::uint64_t value, unsigned bits) {
    if (bits == 0 || bits >= 64) return value;
    const std::uint64_t sign = 1ull << (bits - 1);
    return ((value & ((sign << 1) - 1)) ^ sign) - sign;
}

}  // namespace

std::uint64_t Object::size() const {
    return ok() ? type_size(*types_, type_) : 0;
}

Result<std::uint64_t> Object::checked_address() const {
    if (error_) return fail(*error_);
    return address_;
}

Object Object::at_member(const MemberPlace& place) const {
    Object member = *this;
    member.type_ = place.type;
    member.bit_size_ = place.bit_size;
    if (place.bit_size == 0) {
        member.address_ += place.offset();
    } else {
        // Whole bytes are read, so that a bit-field at the end of a page needs no byte of the next one.
        member.address_ += place.bit_offset / 8;
        member.bit_offset_ = static_cast<std::uint32_t>(place.bit_offset % 8);
    }
    return member;
}

Object Object::operator[](std::string_view member) const {
    if (error_) return *this;
    if (type().kind == TypeKind::Pointer) return deref()[member];
    auto place = types_->member(type_, member);
    if (!place) return with_error(std::move(place.error()));
    return at_member(*place);
}

Object Object::path(std::string_view members) const {
    Object found = *this;
    for (std::size_t dot; (dot = members.find('.')) != std::string_view::npos; members.remove_prefix(dot + 1))
        found = found[members.substr(0, dot)];
    return found[members];
}

Object Object::first_of(std::initializer_list<std::string_view> members) const {
    if (error_) return *this;
    if (type().kind == TypeKind::Pointer) return deref().first_of(members);
    for (const std::string_view member : members)
        if (auto place = types_->member(type_, member)) return at_member(*place);
    return with_error(types_->no_member(type_, fmt::format("{}", fmt::join(members, " or "))));
}

bool Object::has(std::string_view member) const {
    if (error_) return false;
    const Type& own = type();
    const TypeId holder = own.kind == TypeKind::Pointer ? own.target : type_;
    return types_->member(holder, member).has_value();
}

Object Object::deref() const {
    if (error_) return *this;
    if (type().kind != TypeKind::Pointer)
        return with_error({ErrorCode::InvalidArgument, "not a pointer", address_});
    auto target = u64();
    if (!target) return with_error(std::move(target.error()));
    if (*target == 0) return with_error({ErrorCode::NotMapped, "a null pointer was followed", address_});
    return {*memory_, *types_, type().target, *target};
}

Object Object::at(std::uint64_t index) const {
    if (error_) return *this;
    const Type& own = type();
    Object element = own.kind == TypeKind::Pointer ? deref() : *this;
    if (!element.ok()) return element;
    if (own.kind != TypeKind::Pointer && own.kind != TypeKind::Array)
        return with_error({ErrorCode::InvalidArgument, "neither an array nor a pointer", address_});
    element.type_ = own.target;
    const auto distance = checked_mul(index, type_size(*types_, own.target));
    if (!distance)
        return with_error({ErrorCode::InvalidArgument, "an array index is out of range", address_});
    element.address_ += *distance;
    return element;
}

Object Object::as(TypeKind kind, std::string_view type_name) const {
    if (error_) return *this;
    auto id = types_->find(kind, type_name);
    if (!id) return with_error(std::move(id.error()));
    return {*memory_, *types_, *id, address_};
}

Object Object::container(std::string_view struct_name, std::string_view member) const {
    if (error_) return *this;
    auto id = types_->find_struct(struct_name);
    if (!id) return with_error(std::move(id.error()));
    auto place = types_->member(*id, member);
    if (!place) return with_error(std::move(place.error()));
    return {*memory_, *types_, *id, address_ - place->offset()};
}

Result<std::uint64_t> Object::u64() const {
    if (error_) return fail(*error_);
    const Type& own = type();
    if (bit_size_ != 0) {
        const std::size_t bytes = (bit_offset_ + bit_size_ + 7) / 8;
        std::array<std::byte, 16> raw{};
        if (bytes > 8)
            return fail(ErrorCode::Unsupported, "a bit-field spans more than eight bytes", address_);
        const bool big = memory_->endian() == Endian::Big;
        if (auto done = memory_->read(address_, std::span(raw).subspan(big ? 8 - bytes : 0, bytes)); !done)
            return fail(std::move(done.error()));
        std::uint64_t value = load<std::uint64_t>(raw.data(), memory_->endian());
        value >>= big ? bytes * 8 - bit_offset_ - bit_size_ : bit_offset_;
        if (bit_size_ < 64) value &= (1ull << bit_size_) - 1;
        return own.is_signed ? sign_extended(value, bit_size_) : value;
    }
    switch (own.byte_size) {
        case 1:
            return memory_->get<std::uint8_t>(address_).map(
                [&](auto v) { return own.is_signed ? sign_extended(v, 8) : std::uint64_t{v}; });
        case 2:
            return memory_->get<std::uint16_t>(address_).map(
                [&](auto v) { return own.is_signed ? sign_extended(v, 16) : std::uint64_t{v}; });
        case 4:
            return memory_->get<std::uint32_t>(address_).map(
                [&](auto v) { return own.is_signed ? sign_extended(v, 32) : std::uint64_t{v}; });
        case 8: return memory_->u64(address_);
        default: break;
    }
    if ((own.kind == TypeKind::Struct || own.kind == TypeKind::Union) && !own.members.empty())
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{} {} is not a number", to_string(own.kind), own.name), address_);
    return fail(ErrorCode::InvalidArgument,
                fmt::format("{} is not a number", with_article(to_string(own.kind))), address_);
}

Result<std::int64_t> Object::i64() const {
    const unsigned bits = type().kind == TypeKind::Struct ? static_cast<unsigned>(type().byte_size) * 8 : 0;
    return u64().map([bits](std::uint64_t v) { return static_cast<std::int64_t>(sign_extended(v, bits)); });
}

Result<std::string> Object::string(std::size_t limit) const {
    if (error_) return fail(*error_);
    if (type().kind == TypeKind::Pointer) {
        auto target = u64();
        if (!target) return fail(std::move(target.error()));
        return memory_->c_string(*target, limit);
    }
    const std::uint64_t own = size();
    return memory_->c_string(address_, own == 0 ? limit : std::min<std::uint64_t>(own, max_object_bytes));
}

Result<std::vector<std::byte>> Object::bytes() const {
    if (error_) return fail(*error_);
    if (size() > max_object_bytes)
        return fail(ErrorCode::Corrupt, "an object claims an impossible size", address_);
    return memory_->bytes(address_, size());
}

}  // namespace postmortem
