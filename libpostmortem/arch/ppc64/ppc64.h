// 64-bit POWER servers (Book3S) as the rest of the library sees them.
#pragma once

#include "arch/arch.h"
#include "arch/rarer_facts.h"

namespace postmortem::ppc64 {

extern const Arch arch;
extern const RarerFacts rarer_facts;

}  // namespace postmortem::ppc64
