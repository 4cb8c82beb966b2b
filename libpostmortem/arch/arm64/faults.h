// How an arm64 kernel words what it dies of.
#pragma once

#include "arch/arch.h"

namespace postmortem::arm64 {

extern const FaultWords fault_words;

}  // namespace postmortem::arm64
