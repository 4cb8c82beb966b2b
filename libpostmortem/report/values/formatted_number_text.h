// Numbers in the formats of gdb's `p/x`.
#pragma once

#include <string>

#include <postmortem/typed_value.h>

namespace postmortem {

/// Integers, characters, truth values, enumerators and pointers are.
bool is_number(ValueKind kind);

/// `format` is one of value_formats, but not `s`.
std::string formatted_number(const ValueNode& node, char format);

}  // namespace postmortem
