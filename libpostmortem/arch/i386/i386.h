// i386 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"
#include "arch/layout_clues.h"

namespace postmortem::i386 {

extern const Arch arch;
extern const LayoutClues layout_clues;

}  // namespace postmortem::i386
