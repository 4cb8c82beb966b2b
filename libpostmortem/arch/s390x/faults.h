// How an s390x kernel words what it dies of.
#pragma once

#include "arch/arch.h"

namespace postmortem::s390x {

extern const FaultWords fault_words;

}  // namespace postmortem::s390x
