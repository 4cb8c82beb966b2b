// A value of the crashed kernel with its type: a struct and all that is in it, an array, a number. What
// `struct`, `p`, `list` and `tree` print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

enum class ValueKind : std::uint8_t {
    Struct,     ///< or a union; its members follow, one deeper
    Array,      ///< its elements follow, one deeper
    Integer,    ///< of any size
    Character,  ///< an integer of one byte
    Boolean,
    Floating,
    Enumeration,
    Pointer,
    Text,  ///< an array of characters
    Function,
    Unreadable,  ///< the dump does not hold it
    Incomplete,  ///< its type is only declared
    Void,
};

/// One value, or a part of one.
struct ValueNode {
    std::uint32_t depth = 0;
    std::string name;  ///< of the member; elements of arrays and anonymous members have none
    ValueKind kind = ValueKind::Void;
    std::string type;                      ///< as C has it; empty for elements of arrays
    std::optional<std::uint64_t> address;  ///< where it lies, if it lies anywhere
    std::uint64_t number = 0;              ///< of everything that is one, sign-extended
    bool is_signed = false;
    std::uint32_t byte_size = 0;
    double floating = 0;
    std::string symbol;  ///< what a pointer points at: "init_task+8"
    std::optional<std::string>
        text;                ///< characters of an array or behind a pointer, as they are; an enumerator
    std::string text_error;  ///< why `text` ends where it does, if it should go on
};

/// In the order of the type, each part behind what it is part of.
struct TypedValue {
    std::string type;
    std::vector<ValueNode> nodes;
};

/// Hexadecimal, signed and unsigned decimal, octal, binary, hexadecimal with leading zeros, character,
/// address, text, floating.
inline constexpr std::string_view value_formats = "xduotzcasf";

struct ValueStyle {
    bool hexadecimal = false;
    char format = 0;           ///< of every number in it, as gdb's `p/x`: one of value_formats
    bool with_type = false;    ///< before a pointer, what it points to: "(struct pid *) 0xffff…"
    bool cut_text = false;     ///< arrays of characters end at their first NUL
    std::uint32_t indent = 0;  ///< by two blanks each: how deep the value lies in what is printed around it
};

/// As gdb prints it, without a new line at the end. Text from the dump is escaped.
POSTMORTEM_API std::string to_text(const TypedValue& value, const ValueStyle& style = {});

}  // namespace postmortem
