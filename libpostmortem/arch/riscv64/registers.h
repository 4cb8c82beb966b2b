// The riscv64 register file, and where struct pt_regs and NT_PRSTATUS keep each register.
#pragma once

#include "arch/arch.h"

namespace postmortem::riscv64 {

/// In the order of struct pt_regs (arch/riscv/include/asm/ptrace.h): epc, then x1 to x31 by their names of
/// the ABI, then what an entry saves beside them.
enum Reg : std::uint8_t { Epc = 0, Ra, Sp, Fp = 8, A0 = 10, Status = 32, BadAddr, Cause, OrigA0 };

constexpr std::size_t register_count = 36;
constexpr std::uint32_t registers_size = register_count * 8;
/// struct user_regs_struct (uapi/asm/ptrace.h): without what an entry adds.
constexpr std::size_t user_register_count = 32;

extern const RegisterFile register_file;

/// A struct pt_regs; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian);

std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian);

/// What `scause` says, in words; empty where it says nothing.
std::string_view cause_words(const Registers& registers);

}  // namespace postmortem::riscv64
