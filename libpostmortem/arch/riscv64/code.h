// What riscv64 instructions, of two bytes or of four, tell of calls and frames.
#pragma once

#include "arch/arch.h"

namespace postmortem::riscv64 {

extern const CallSites call_sites;

/// Whether a function whose instructions up to some point are `code` has set its frame pointer there.
bool has_frame(Bytes code, Endian endian);

/// Whether it has put the return address on the stack by then; a function that calls none need not.
bool keeps_link(Bytes code, Endian endian);

}  // namespace postmortem::riscv64
