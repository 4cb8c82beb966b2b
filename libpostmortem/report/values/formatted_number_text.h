// Numbers in the formats of gdb's `p/x`.
#pragma once

#include <string>

#include <postmortem/typed_value.h>

namespace postmortem {

/// Integers, characters, truth values, enumerators, pointers and floating-point numbers are.
bool is_number(ValueKind kind);

/// `format` is one of value_formats, but not `s`.
std::string formatted_number(const ValueNode& node, char format);

/// Of a floating-point number: as many digits as tell it from others.
std::string floating_text(const ValueNode& node);

}  // namespace postmortem
