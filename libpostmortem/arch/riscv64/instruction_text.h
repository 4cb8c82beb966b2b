// Instructions of four bytes as the binutils write them (opcodes/riscv-opc.c), with the short names that they
// prefer. Known: RV64IMA with Zicsr, Zifencei, Zbb and Zicbom, loads, stores and moves of floating point, and
// what a supervisor alone may do.
#pragma once

#include "arch/disassembler.h"

namespace postmortem::riscv64 {

/// Of the instruction at `address`. Without text where it is none of them.
DecodedInstruction instruction_text(std::uint32_t word, std::uint64_t address);

}  // namespace postmortem::riscv64
