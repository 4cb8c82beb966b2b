// riscv64's own disassembler: Capstone knows the architecture since its version 5 alone.
#pragma once

#include "arch/disassembler.h"

namespace postmortem::riscv64 {

std::unique_ptr<Disassembler> make_disassembler();

}  // namespace postmortem::riscv64
