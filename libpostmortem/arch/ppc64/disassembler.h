// 64-bit POWER instructions, decoded by Capstone, in the words of the binutils.
#pragma once

#include "arch/disassembler.h"

namespace postmortem::ppc64 {

/// `order`: of the bytes of code. Null without Capstone.
std::unique_ptr<Disassembler> make_disassembler(Endian order);

}  // namespace postmortem::ppc64
