// The record that starts every type in BTF (struct btf_type, include/uapi/linux/btf.h), and what its kind
// says.
#pragma once

#include <cstdint>
#include <optional>

#include "types/type.h"

namespace postmortem::btf {

constexpr std::uint16_t magic = 0xeb9f;
constexpr std::uint32_t record_size = 12;

enum class Kind : std::uint8_t {
    Void = 0,
    Int,
    Ptr,
    Array,
    Struct,
    Union,
    Enum,
    Fwd,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Func,
    FuncProto,
    Var,
    DataSec,
    Float,
    DeclTag,
    TypeTag,
    Enum64
};

struct Record {
    std::uint32_t name = 0;
    std::uint32_t info = 0;
    std::uint32_t size_or_type = 0;

    Kind kind() const { return static_cast<Kind>((info >> 24) & 0x1f); }
    std::uint32_t vlen() const { return info & 0xffff; }
    bool kind_flag() const { return info >> 31; }
};

/// Bytes that follow the 12-byte record; nothing for a kind that is not known.
inline std::optional<std::uint32_t> payload_size(const Record& record) {
    switch (record.kind()) {
        case Kind::Int: return 4;
        case Kind::Array: return 12;
        case Kind::Struct:
        case Kind::Union: return record.vlen() * 12;
        case Kind::Enum: return record.vlen() * 8;
        case Kind::FuncProto: return record.vlen() * 8;
        case Kind::Var: return 4;
        case Kind::DataSec: return record.vlen() * 12;
        case Kind::DeclTag: return 4;
        case Kind::Enum64: return record.vlen() * 12;
        case Kind::Void: return std::nullopt;
        default: return record.kind() <= Kind::Enum64 ? std::optional<std::uint32_t>(0) : std::nullopt;
    }
}

/// What a record can be looked up as; nothing for kinds that are reached only through others.
inline std::optional<TypeKind> named_kind(const Record& record) {
    switch (record.kind()) {
        case Kind::Struct: return TypeKind::Struct;
        case Kind::Union: return TypeKind::Union;
        case Kind::Typedef: return TypeKind::Typedef;
        case Kind::Enum:
        case Kind::Enum64: return record.vlen() > 0 ? std::optional(TypeKind::Enum) : std::nullopt;
        default: return std::nullopt;
    }
}

/// The same of kinds that are asked for so rarely that they are in no index.
inline std::optional<TypeKind> unindexed_kind(const Record& record) {
    switch (record.kind()) {
        case Kind::Var: return TypeKind::Variable;
        case Kind::Func: return TypeKind::Function;
        default: return named_kind(record);
    }
}

/// What a reader of types calls it.
inline TypeKind kind_of(const Record& record) {
    switch (record.kind()) {
        case Kind::Int: return TypeKind::Integer;
        case Kind::Float: return TypeKind::Float;
        case Kind::Ptr: return TypeKind::Pointer;
        case Kind::Array: return TypeKind::Array;
        case Kind::Struct: return TypeKind::Struct;
        case Kind::Union: return TypeKind::Union;
        case Kind::Enum:
        case Kind::Enum64: return TypeKind::Enum;
        case Kind::Fwd: return TypeKind::Forward;
        case Kind::Typedef: return TypeKind::Typedef;
        case Kind::Func:
        case Kind::FuncProto: return TypeKind::Function;
        default: return TypeKind::Unknown;
    }
}

/// What a forward declaration declares.
inline TypeKind forward_kind(const Record& record) {
    return record.kind_flag() ? TypeKind::Union : TypeKind::Struct;
}

}  // namespace postmortem::btf
