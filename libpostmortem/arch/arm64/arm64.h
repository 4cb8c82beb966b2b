// arm64 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"

namespace postmortem::arm64 {

extern const Arch arch;

}  // namespace postmortem::arm64
