// Capstone decodes; the text is written as the binutils write it (opcodes/aarch64-dis.c).
#pragma once

#include "arch/disassembler.h"

namespace postmortem::arm64 {

/// Null where Capstone was built without it.
std::unique_ptr<Disassembler> make_disassembler();

}  // namespace postmortem::arm64
