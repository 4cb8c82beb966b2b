// Capstone decodes, and what it found is written as the binutils write it (opcodes/i386-dis.c): AT&T's order
// of operands, a suffix where no register tells the width.
#pragma once

#include "arch/disassembler.h"

namespace postmortem::x86 {

/// Null where Capstone was built without x86.
std::unique_ptr<Disassembler> make_disassembler_64();
std::unique_ptr<Disassembler> make_disassembler_32();

}  // namespace postmortem::x86
