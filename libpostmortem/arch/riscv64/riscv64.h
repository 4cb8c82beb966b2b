// riscv64 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"

namespace postmortem::riscv64 {

extern const Arch arch;

}  // namespace postmortem::riscv64
