// How a riscv64 kernel words what it dies of.
#pragma once

#include "arch/arch.h"

namespace postmortem::riscv64 {

extern const FaultWords fault_words;

}  // namespace postmortem::riscv64
