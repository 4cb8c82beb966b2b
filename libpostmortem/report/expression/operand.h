// What an expression is worth on the way to its result: a type, and a place in memory or a number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "report/expression/syntax_tree.h"
#include "types/type_finder.h"

namespace postmortem {

/// A type that no source of types needs to know.
struct BasicType {
    std::string name;
    std::uint32_t size = 0;
    bool is_signed = false;
    bool is_floating = false;

    bool operator==(const BasicType&) const = default;
};

/// A type as expressions make them.
struct OperandType {
    TypeId id = 0;
    std::optional<BasicType> basic;  ///< then there is no id
    std::uint32_t pointers = 0;      ///< to that
    bool open_array = false;         ///< an array of these
    std::uint64_t elements = 0;      ///< so many, if it is told
    std::uint32_t to_array = 0;      ///< pointers to that array
    std::uint32_t dimension = 0;  ///< of an array of arrays: a part of it, behind so many of its dimensions

    bool is_void() const { return !basic && id == 0 && pointers == 0; }
    bool operator==(const OperandType&) const = default;
};

struct Operand {
    OperandType type;
    bool in_memory = false;
    std::uint64_t address = 0;
    std::uint32_t bit_offset = 0, bit_size = 0;
    std::uint64_t number = 0;  ///< of one that is not in memory
    double floating = 0;
    std::uint64_t repeat = 0;  ///< `@`: so many of them in a row
    std::string untyped;       ///< the variable whose type nobody knows
};

/// Answers questions about such types.
class OperandTypes {
  public:
    OperandTypes(const TypeFinder& types, std::uint32_t word_size) : types_(types), word_size_(word_size) {}

    static OperandType of(TypeId id) { return {id, std::nullopt, 0}; }
    static OperandType basic(std::string name, std::uint32_t size, bool is_signed, bool is_floating = false) {
        return {0, BasicType{std::move(name), size, is_signed, is_floating}, 0};
    }
    OperandType integer(bool is_long, bool is_unsigned) const;
    /// Of 1, 2, 4 or 8 bytes.
    OperandType unsigned_of(std::uint32_t bytes) const;

    TypeKind kind(const OperandType& type) const;
    std::uint64_t size(const OperandType& type) const;
    bool knows_size(const OperandType& type) const;
    Error unknown_size(const OperandType& type) const;
    bool is_signed(const OperandType& type) const;
    bool is_boolean(const OperandType& type) const;
    bool is_pointer(const OperandType& type) const { return kind(type) == TypeKind::Pointer; }
    bool is_floating(const OperandType& type) const { return kind(type) == TypeKind::Float; }
    /// Pointers, numbers, enums.
    bool is_scalar(const OperandType& type) const;
    bool is_character(const OperandType& type) const;
    /// What a pointer points to, or an array consists of.
    OperandType target(const OperandType& type) const;
    OperandType pointer_to(OperandType type) const;
    std::string name(const OperandType& type) const;

    /// The type of these words. NotFound.
    Result<OperandType> named(const TypeWords& words) const;
    /// A typedef of that name is there.
    bool is_type_name(std::string_view name) const;

    const TypeFinder& finder() const { return types_; }

  private:
    Result<OperandType> element_named(const TypeWords& words) const;

    const TypeFinder& types_;
    std::uint32_t word_size_;
};

}  // namespace postmortem
