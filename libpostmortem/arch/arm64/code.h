// What arm64 instructions tell of calls and frames.
#pragma once

#include "arch/arch.h"

namespace postmortem::arm64 {

extern const CallSites call_sites;

/// Whether a function whose instructions up to some point are `code` has its frame record there.
bool has_frame(Bytes code, Endian endian);

}  // namespace postmortem::arm64
