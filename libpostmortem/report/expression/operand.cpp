#include "report/expression/operand.h"

#include <fmt/format.h>

#include "report/values/value_maker.h"
#include "types/c_declaration.h"

namespace postmortem {
namespace {

constexpr std::uint64_t largest_array = 1u << 24;

}  // namespace

OperandType OperandTypes::integer(bool is_long, bool is_unsigned) const {
    const char* const name =
        is_long ? (is_unsigned ? "unsigned long" : "long") : (is_unsigned ? "unsigned int" : "int");
    return basic(name, is_long ? word_size_ : 4, !is_unsigned);
}

OperandType OperandTypes::unsigned_of(std::uint32_t bytes) const {
    switch (bytes) {
        case 1: return basic("unsigned char", 1, false);
        case 2: return basic("unsigned short", 2, false);
        default: return integer(bytes == word_size_, true);
    }
}

TypeKind OperandTypes::kind(const OperandType& type) const {
    if (type.open_array) return type.to_array != 0 ? TypeKind::Pointer : TypeKind::Array;
    if (type.pointers != 0) return TypeKind::Pointer;
    if (type.basic) return type.basic->is_floating ? TypeKind::Float : TypeKind::Integer;
    return types_.get(type.id).kind;
}

std::uint64_t OperandTypes::size(const OperandType& type) const {
    if (type.open_array)
        return type.to_array != 0 ? word_size_ : type.elements == 0 ? 0 : type.elements * size(target(type));
    if (type.pointers != 0) return word_size_;
    if (type.basic) return type.basic->size;
    if (type.dimension == 0) return value_size(types_, type.id);
    return row_size(types_, type.id, type.dimension);
}

bool OperandTypes::knows_size(const OperandType& type) const {
    if (type.open_array) return type.to_array != 0 || knows_size(target(type));
    return type.pointers != 0 || type.basic || postmortem::knows_size(types_, type.id);
}

Error OperandTypes::unknown_size(const OperandType& type) const {
    return {ErrorCode::MissingDebugInfo, fmt::format("how large {} is, is not known", name(type))};
}

bool OperandTypes::is_signed(const OperandType& type) const {
    if (type.pointers != 0 || type.open_array) return false;
    if (type.basic) return type.basic->is_signed;
    const Type& found = types_.get(type.id);
    return found.kind != TypeKind::Pointer && found.is_signed;
}

bool OperandTypes::is_boolean(const OperandType& type) const {
    if (type.pointers != 0 || type.open_array) return false;
    const std::string& name = type.basic ? type.basic->name : types_.get(type.id).name;
    return kind(type) == TypeKind::Integer && (name == "_Bool" || name == "bool");
}

bool OperandTypes::is_scalar(const OperandType& type) const {
    switch (kind(type)) {
        case TypeKind::Integer:
        case TypeKind::Float:
        case TypeKind::Enum:
        case TypeKind::Pointer: return size(type) > 0 && size(type) <= 8;
        default: return false;
    }
}

bool OperandTypes::is_character(const OperandType& type) const {
    return kind(type) == TypeKind::Integer && size(type) == 1 && !is_boolean(type);
}

OperandType OperandTypes::target(const OperandType& type) const {
    OperandType inner = type;
    if (type.open_array) {
        if (type.to_array != 0) {
            --inner.to_array;
        } else {
            inner.open_array = false;
            inner.elements = 0;
        }
        return inner;
    }
    if (type.pointers != 0) {
        --inner.pointers;
        return inner;
    }
    const Type& whole = types_.get(type.id);
    if (whole.kind == TypeKind::Array && type.dimension + 1 < whole.dimensions.size()) {
        ++inner.dimension;
        return inner;
    }
    inner.id = whole.target;
    inner.dimension = 0;
    return inner;
}

OperandType OperandTypes::pointer_to(OperandType type) const {
    ++(type.open_array ? type.to_array : type.pointers);
    return type;
}

std::string OperandTypes::name(const OperandType& type) const {
    if (type.open_array) {
        OperandType element = type;
        element.open_array = false;
        element.to_array = 0;
        element.elements = 0;
        const std::string stars =
            type.to_array != 0 ? fmt::format("({})", std::string(type.to_array, '*')) : "";
        return fmt::format("{} {}[{}]", name(element), stars,
                           type.elements != 0 ? std::to_string(type.elements) : "");
    }
    const std::string stars(type.pointers, '*');
    if (type.basic) return type.basic->name + (stars.empty() ? "" : " " + stars);
    if (type.dimension != 0) return row_name(types_, type.id, type.dimension, stars);
    const TypeKind base = types_.get_declared(type.id).kind;
    const bool in_brackets = !stars.empty() && (base == TypeKind::Array || base == TypeKind::Function);
    return c_declaration(types_, type.id, in_brackets ? "(" + stars + ")" : stars).text();
}

bool OperandTypes::is_type_name(std::string_view name) const {
    return types_.find(TypeKind::Typedef, name).has_value();
}

Result<OperandType> OperandTypes::named(const TypeWords& words) const {
    auto type = element_named(words);
    if (!type || !words.elements) return type;
    if (!knows_size(*type)) return fail(unknown_size(*type));
    const std::uint64_t bytes = size(*type);
    if (*words.elements == 0 || bytes == 0 || *words.elements > largest_array / bytes)
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{} is no number of elements of such an array", *words.elements));
    type->open_array = true;
    type->elements = *words.elements;
    type->to_array = words.to_array;
    return type;
}

Result<OperandType> OperandTypes::element_named(const TypeWords& words) const {
    OperandType type;
    if (words.keyword.empty() && !is_type_name(words.name)) {
        const bool is_unsigned = words.name.starts_with("unsigned");
        const std::string_view bare =
            is_unsigned ? std::string_view(words.name).substr(9) : std::string_view(words.name);
        if (bare == "char" || bare == "signed char") type = basic(words.name, 1, !is_unsigned);
        if (bare == "short") type = basic(words.name, 2, !is_unsigned);
        if (bare == "int") type = basic(words.name, 4, !is_unsigned);
        if (bare == "long") type = basic(words.name, word_size_, !is_unsigned);
        if (bare == "long long") type = basic(words.name, 8, !is_unsigned);
        if (bare == "_Bool") type = basic("_Bool", 1, false);
        if (bare == "float") type = basic("float", 4, true, true);
        if (bare == "double") type = basic("double", 8, true, true);
        if (!type.basic && bare != "void")
            return fail(ErrorCode::NotFound, fmt::format("no type is named {}", words.name));
        type.pointers = words.pointers;
        return type;
    }
    const TypeKind kind = words.keyword == "struct"  ? TypeKind::Struct
                          : words.keyword == "union" ? TypeKind::Union
                          : words.keyword == "enum"  ? TypeKind::Enum
                                                     : TypeKind::Typedef;
    auto found = types_.find(kind, words.name);
    if (!found) return fail(std::move(found.error()));
    type.id = *found;
    type.pointers = words.pointers;
    return type;
}

}  // namespace postmortem
