// A C type of the crashed kernel, whatever it was read from (BTF or DWARF).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postmortem {

/// What a declaration says of a type that makes no difference to its layout.
enum class Qualifier : std::uint8_t { None, Const, Volatile, Restrict };

/// A type's number within its source; 0 is void.
using TypeId = std::uint64_t;

enum class TypeKind {
    Void,
    Integer,
    Float,
    Enum,
    Pointer,
    Array,
    Struct,
    Union,
    Function,
    Forward,
    Typedef,
    Variable,  ///< what a variable is looked up as; get() gives its type
    Unknown
};

std::string_view to_string(TypeKind kind);

struct Member {
    std::string name;  ///< empty for an anonymous struct or union
    std::uint64_t bit_offset = 0;
    std::uint32_t bit_size = 0;  ///< 0 unless it is a bit-field
    TypeId type = 0;
};

struct Enumerator {
    std::string name;
    std::int64_t value = 0;
};

struct Type {
    TypeKind kind = TypeKind::Void;
    std::string name;             ///< empty where anonymous
    std::uint64_t byte_size = 0;  ///< 0 for functions, forwards and void
    bool is_signed = false;
    TypeId target = 0;            ///< pointee, array element, aliased type
    std::uint64_t count = 0;      ///< array elements of all dimensions; 0 for a flexible array
    std::vector<Member> members;  ///< of a function: its parameters; a last one of void is `...`
    std::vector<Enumerator> enumerators;
    std::vector<std::uint64_t> dimensions =
        {};                       ///< of an array, the outermost first, as far as the source has them
    bool declares_union = false;  ///< a forward declaration: of a union
};

}  // namespace postmortem
