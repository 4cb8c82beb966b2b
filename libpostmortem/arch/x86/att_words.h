// Names of instructions as AT&T's syntax has them, and what Intel's do not tell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postmortem::x86 {

/// b, w, l, q.
char width_letter(unsigned bytes);

/// "cdqe" is "cltq"; most names are the same.
std::string att_name(const std::string& intel);

/// The name ends in the width of the memory where no register tells it.
bool takes_suffix(std::string_view name);
bool is_shift_name(std::string_view name);
/// An immediate of these is extended to the width of the first operand.
bool has_wide_immediate(std::string_view name);
/// sgdt and its kin, whose width is that of the mode.
bool is_descriptor_table(std::string_view name);
/// Of a number of the floating-point unit in memory.
std::string_view float_suffix(std::uint8_t opcode, std::uint8_t modrm);

bool is_byte_opcode(std::uint8_t opcode);
bool is_string_opcode(std::uint8_t opcode);
/// Behind 0x0f: works on general registers, so that the prefixes mean what they mean elsewhere.
bool is_general_two_byte(std::uint8_t opcode);
/// "movsq", "stos".
std::string string_name(std::uint8_t opcode, bool wide, bool narrow);
/// Is repeated while the count lasts, whatever is found.
bool is_string_move(std::string_view name);

}  // namespace postmortem::x86
