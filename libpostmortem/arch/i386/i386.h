// i386 as the rest of the library sees it.
#pragma once

#include "arch/arch.h"

namespace postmortem::i386 {

extern const Arch arch;

}  // namespace postmortem::i386
