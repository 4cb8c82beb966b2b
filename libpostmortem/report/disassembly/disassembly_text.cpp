// `dis` as crash prints it.
#include <fmt/format.h>

#include <postmortem/disassembly.h>

#include "base/text.h"

namespace postmortem {
namespace {

std::string place_text(const SymbolPlace& place, bool in_hexadecimal) {
    if (place.offset == 0) return escaped(place.symbol);
    return fmt::format(fmt::runtime(in_hexadecimal ? "{}+{:#x}" : "{}+{}"), escaped(place.symbol),
                       place.offset);
}

std::string instruction_line(const Instruction& one, bool user, bool in_hexadecimal) {
    std::string line = one.place && !user
                           ? fmt::format("{:#x} <{}>:\t", one.address, place_text(*one.place, in_hexadecimal))
                           : fmt::format("   {:#x}:\t", one.address);
    line += one.text;
    if (one.target) line += fmt::format("{:#x}", *one.target);
    if (one.target_place) line += fmt::format(" <{}>", place_text(*one.target_place, in_hexadecimal));
    line += one.remark;
    if (one.is_trace_hook) line += " [FTRACE NOP]";
    return line + '\n';
}

}  // namespace

std::string to_text(const Disassembly& code, bool hexadecimal) {
    std::string out, last;
    for (const Instruction& one : code.instructions) {
        if (one.file) {
            const std::string place = fmt::format("{}: {}\n", escaped(*one.file), one.line);
            if (place != last) out += place;
            last = place;
        }
        out += instruction_line(one, code.user, hexadecimal);
    }
    return out;
}

std::string to_text(const SourcePlace& source) {
    return fmt::format("FILE: {}\nLINE: {}\n\n", escaped(source.file), source.line);
}

}  // namespace postmortem
