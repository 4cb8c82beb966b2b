// What a C expression says, before anything is read.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "report/expression/tokens.h"

namespace postmortem {

/// "struct list_head **": words that name a type, and pointers to it.
struct TypeWords {
    std::string keyword;  ///< "struct", "union", "enum", or empty
    std::string name;     ///< a tag, a typedef, or the words of a basic type in C's order
    std::uint32_t pointers = 0;
    std::optional<std::uint64_t> elements = {};  ///< of an array of these
    std::uint32_t to_array = 0;                  ///< pointers to that array: "int (*)[4]"
    std::size_t column = 1;
};

struct Expression {
    enum class Kind : std::uint8_t {
        Integer,
        Floating,
        Character,
        Name,
        Unary,        ///< `word` is the operator, one operand
        Binary,       ///< two
        Conditional,  ///< three
        Member,       ///< of the operand, `word`; through a pointer or not
        Index,
        Cast,
        Place,  ///< gdb's "{int} ADDRESS": what lies there
        SizeOfType,
        SizeOfValue,
    };

    Kind kind = Kind::Integer;
    Token token;
    std::string word;
    TypeWords type;
    std::vector<std::unique_ptr<Expression>> operands;
};

/// Tells names of types from other names, which C's grammar needs.
using IsTypeName = bool (*)(const void* context, std::string_view name);

/// InvalidArgument names the column that cannot be understood.
Result<std::unique_ptr<Expression>> parse_expression(std::string_view text, const void* context,
                                                     IsTypeName is_type_name);

}  // namespace postmortem
