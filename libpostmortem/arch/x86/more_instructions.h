// Instructions of kernels that Capstone 4 does not know, or of which it does not tell the operands.
#pragma once

#include <optional>

#include "arch/disassembler.h"

namespace postmortem::x86 {

std::optional<DecodedInstruction> decode_what_capstone_lacks(Bytes code, bool long_mode);

}  // namespace postmortem::x86
