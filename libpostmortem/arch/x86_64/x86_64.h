// x86_64 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"
#include "arch/layout_clues.h"

namespace postmortem::x86_64 {

extern const Arch arch;
extern const LayoutClues layout_clues;

}  // namespace postmortem::x86_64
