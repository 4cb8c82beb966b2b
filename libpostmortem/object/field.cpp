#include "object/field.h"

#include <fmt/format.h>

#include "base/text.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

Result<MemberPlace> follow(const TypeFinder& types, TypeId type, std::string_view path) {
    MemberPlace place{0, 0, type};
    for (const std::string_view name : split(path, '.')) {
        auto next = types.member(place.type, name);
        if (!next) return next;
        next->bit_offset += place.bit_offset;
        place = *next;
    }
    return place;
}

}  // namespace

Result<Field> Field::find(const TypeFinder& types, std::string_view struct_name,
                          std::initializer_list<std::string_view> paths) {
    auto type = types.find_struct(struct_name);
    if (!type) return fail(std::move(type.error()));
    for (const std::string_view path : paths) {
        const auto place = follow(types, *type, path);
        if (!place || place->bit_size != 0) continue;
        const Type& member = types.get(place->type);
        Field field;
        field.offset_ = place->offset();
        field.elements_ = member.count;
        field.size_ = static_cast<std::uint32_t>(member.byte_size);
        field.is_signed_ = member.is_signed;
        field.is_struct_ = member.kind == TypeKind::Struct;
        field.present_ = true;
        return field;
    }
    const std::string names = fmt::format("{}", fmt::join(paths, " or "));
    if (are_partial(types))
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("where struct {} keeps {} is not known", struct_name, names));
    return fail(ErrorCode::NotFound, fmt::format("struct {} has no member {}", struct_name, names));
}

Field Field::element(std::uint64_t index, std::uint64_t size) const {
    Field field = *this;
    field.offset_ += index * size;
    field.elements_ = 0;
    field.size_ = static_cast<std::uint32_t>(size);
    return field;
}

template <class Memory>
Result<std::uint64_t> Field::number(const Memory& memory, std::uint64_t base) const {
    if (!present_) return fail(ErrorCode::NotFound, "no such member is known", base);
    const std::uint64_t at = base + offset_;
    const auto extend = [this](auto value) {
        using Signed = std::make_signed_t<decltype(value)>;
        return is_signed_ ? static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<Signed>(value)))
                          : std::uint64_t{value};
    };
    switch (size_) {
        case 1: return memory.template get<std::uint8_t>(at).map(extend);
        case 2: return memory.template get<std::uint16_t>(at).map(extend);
        case 4: return memory.template get<std::uint32_t>(at).map(extend);
        case 8: return memory.template get<std::uint64_t>(at);
        default: return fail(ErrorCode::InvalidArgument, "the member is not a number", at);
    }
}

Result<std::uint64_t> Field::u64(const AddressSpace& memory, std::uint64_t base) const {
    return number(memory, base);
}

Result<std::uint64_t> Field::u64(const MemoryWindow& window, std::uint64_t base) const {
    return number(window, base);
}

Result<std::int64_t> Field::i64(const AddressSpace& memory, std::uint64_t base) const {
    Field number = *this;
    number.is_signed_ |= is_struct_;
    return number.u64(memory, base).map([](std::uint64_t value) { return static_cast<std::int64_t>(value); });
}

Field FieldFinder::operator()(std::string_view struct_name,
                              std::initializer_list<std::string_view> paths) const {
    auto field = Field::find(types_, struct_name, paths);
    if (!field && !missing_) missing_ = std::move(field.error());
    return field.value_or(Field());
}

}  // namespace postmortem
