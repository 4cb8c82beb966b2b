// Characters as C and gdb spell them.
#pragma once

#include <string>
#include <string_view>

namespace postmortem {

/// 'A', '\000', '\''.
std::string c_character(unsigned char byte);
/// "swapper/0\000\000"; a digit behind an octal escape is escaped, too.
std::string c_string_literal(std::string_view bytes);

}  // namespace postmortem
