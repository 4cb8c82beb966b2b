// 64-bit POWER servers (Book3S) as the rest of the library sees them.
#pragma once

#include "arch/arch.h"

namespace postmortem::ppc64 {

extern const Arch arch;

}  // namespace postmortem::ppc64
