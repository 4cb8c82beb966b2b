// What s390x instructions, of two, four or six bytes, tell of calls and frames.
#pragma once

#include "arch/arch.h"

namespace postmortem::s390x {

extern const CallSites call_sites;

/// Whether a function whose instructions up to some point are `code` has a stack frame of its own there.
bool has_frame(Bytes code, Endian endian);

}  // namespace postmortem::s390x
