// x86_64 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"

namespace postmortem::x86_64 {

extern const Arch arch;

}  // namespace postmortem::x86_64
