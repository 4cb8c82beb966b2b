#include "arch/x86/att_words.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postmortem::x86 {
namespace {

using Renamed = std::pair<std::string_view, std::string_view>;
constexpr std::array renamed = {
    Renamed{"cwde", "cwtl"},     Renamed{"cdqe", "cltq"},      Renamed{"cbw", "cbtw"},
    Renamed{"cwd", "cwtd"},      Renamed{"cdq", "cltd"},       Renamed{"cqo", "cqto"},
    Renamed{"movsxd", "movslq"}, Renamed{"iretd", "iret"},     Renamed{"retf", "lret"},
    Renamed{"retfq", "lretq"},   Renamed{"pushfq", "pushf"},   Renamed{"popfq", "popf"},
    Renamed{"pushfd", "pushf"},  Renamed{"popfd", "popf"},     Renamed{"pushal", "pusha"},
    Renamed{"popal", "popa"},    Renamed{"sysret", "sysretl"}, Renamed{"wait", "fwait"},
    Renamed{"sal", "shl"},
};

constexpr std::array<std::string_view, 17> suffixed = {"add", "or",   "adc", "sbb",  "and", "sub",
                                                       "xor", "cmp",  "mov", "test", "not", "neg",
                                                       "mul", "imul", "div", "idiv", "inc"};
constexpr std::array<std::string_view, 6> more_suffixed = {"dec", "bt", "bts", "btr", "btc", "nop"};
constexpr std::array<std::string_view, 8> shifts = {"rol", "ror", "rcl", "rcr", "shl", "shr", "sar", "sal"};
constexpr std::array<std::string_view, 12> wide_immediate = {"add", "or",  "adc",  "sbb", "and",  "sub",
                                                             "xor", "cmp", "test", "mov", "imul", "movabs"};

template <std::size_t n>
bool is_one_of(const std::array<std::string_view, n>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

char width_letter(unsigned bytes) {
    return bytes == 1 ? 'b' : bytes == 2 ? 'w' : bytes == 4 ? 'l' : 'q';
}

std::string att_name(const std::string& intel) {
    const auto found =
        std::find_if(renamed.begin(), renamed.end(), [&](const Renamed& one) { return one.first == intel; });
    return found == renamed.end() ? intel : std::string(found->second);
}

bool takes_suffix(std::string_view name) {
    return is_one_of(suffixed, name) || is_one_of(more_suffixed, name) || is_shift_name(name);
}

bool is_shift_name(std::string_view name) {
    return is_one_of(shifts, name);
}

bool has_wide_immediate(std::string_view name) {
    return is_one_of(wide_immediate, name);
}

bool is_descriptor_table(std::string_view name) {
    return name == "sgdt" || name == "sidt" || name == "lgdt" || name == "lidt";
}

std::string_view float_suffix(std::uint8_t opcode, std::uint8_t modrm) {
    const unsigned digit = (modrm >> 3) & 7;
    const bool control = (opcode == 0xd9 || opcode == 0xdd) && digit >= 4;  // the state, not a number
    if (opcode < 0xd8 || opcode > 0xdf || control) return "";
    if (opcode == 0xdb && digit >= 5) return "t";
    if (opcode == 0xdf && digit >= 4) return digit == 4 || digit == 6 ? "" : "ll";
    if (opcode == 0xdd && digit == 1) return "ll";
    return opcode == 0xd8 || opcode == 0xd9 || opcode == 0xde || opcode == 0xdf ? "s" : "l";
}

bool is_byte_opcode(std::uint8_t opcode) {
    if (opcode < 0x40) return (opcode & 7) == 0 || (opcode & 7) == 2 || (opcode & 7) == 4;
    constexpr std::array<std::uint8_t, 13> others = {0x80, 0x82, 0x84, 0x86, 0x88, 0x8a, 0xa8,
                                                     0xc0, 0xc6, 0xd0, 0xd2, 0xf6, 0xfe};
    return (opcode >= 0xb0 && opcode <= 0xb7) ||
           std::find(others.begin(), others.end(), opcode) != others.end();
}

bool is_string_opcode(std::uint8_t opcode) {
    return (opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
           (opcode >= 0xaa && opcode <= 0xaf);
}

bool is_general_two_byte(std::uint8_t opcode) {
    return opcode < 0x10 || opcode == 0x1f || (opcode >= 0x18 && opcode <= 0x1f) ||
           (opcode >= 0x30 && opcode < 0x50) || (opcode >= 0x80 && opcode <= 0xc1 && opcode != 0xae) ||
           (opcode >= 0xc7 && opcode <= 0xcf) || opcode == 0xff || opcode == 0xb9;
}

std::string string_name(std::uint8_t opcode, bool wide, bool narrow) {
    const bool bytes = (opcode & 1) == 0;
    const char letter = bytes ? 'b' : wide ? 'q' : narrow ? 'w' : 'l';
    switch (opcode & 0xfe) {
        case 0x6c: return std::string("ins") + letter;
        case 0x6e: return std::string("outs") + letter;
        case 0xa4: return std::string("movs") + letter;
        case 0xa6: return std::string("cmps") + letter;
        case 0xaa: return "stos";
        case 0xac: return "lods";
        default: return "scas";
    }
}

bool is_string_move(std::string_view name) {
    for (const std::string_view one : {"ins", "outs", "movs", "stos", "lods"})
        if (name.starts_with(one) && !name.starts_with("movsl")) return true;
    return name == "movsl";
}

}  // namespace postmortem::x86
