// Call instructions of x86, 32 and 64 bits.
#pragma once

#include "arch/arch.h"

namespace postmortem::x86 {

extern const CallSites call_sites;

/// Whether the instructions of a function so far have put anything on the stack.
bool has_frame(Bytes code, Endian endian);

}  // namespace postmortem::x86
