// How a ppc64 kernel words what it dies of.
#pragma once

#include "arch/arch.h"

namespace postmortem::ppc64 {

extern const FaultWords fault_words;

}  // namespace postmortem::ppc64
