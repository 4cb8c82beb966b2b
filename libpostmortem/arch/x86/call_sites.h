// Call instructions of x86, 32 and 64 bits.
#pragma once

#include "arch/arch.h"

namespace postmortem::x86 {

extern const CallSites call_sites;

}  // namespace postmortem::x86
