// s390x as the rest of the library sees it.
#pragma once

#include "arch/arch.h"

namespace postmortem::s390x {

extern const Arch arch;

}  // namespace postmortem::s390x
