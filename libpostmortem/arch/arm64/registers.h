// The arm64 register file, and where struct pt_regs and NT_PRSTATUS keep each register.
#pragma once

#include "arch/arch.h"

namespace postmortem::arm64 {

/// In the order of struct user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h), with which struct pt_regs
/// begins: X0 to X30 are 0 to 30.
enum Reg : std::uint8_t { Fp = 29, Lr = 30, Sp, Pc, Pstate };

constexpr std::size_t register_count = 34;
/// sizeof(struct user_pt_regs).
constexpr std::uint32_t registers_size = register_count * 8;

extern const RegisterFile register_file;

/// A struct pt_regs; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian);

std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian);

}  // namespace postmortem::arm64
