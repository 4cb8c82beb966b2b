// The i386 register file, and where struct pt_regs, NT_PRSTATUS and QEMU's note keep each register.
#pragma once

#include "arch/arch.h"

namespace postmortem::i386 {

/// In the order of struct pt_regs (arch/x86/include/asm/ptrace.h), which user_regs_struct shares
/// (arch/x86/include/asm/user_32.h).
enum Reg : std::uint8_t { Bx, Cx, Dx, Si, Di, Bp, Ax, Ds, Es, Fs, Gs, OrigAx, Ip, Cs, Flags, Sp, Ss };

constexpr std::size_t register_count = 17;
/// sizeof(struct pt_regs).
constexpr std::uint32_t pt_regs_size = register_count * 4;

extern const RegisterFile register_file;

/// A struct pt_regs at `address`; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes, std::uint64_t address);

std::optional<Prstatus> parse_prstatus(Bytes desc);

/// QEMUCPUState of QEMU's target/i386/arch_dump.c, the same for both widths.
std::optional<HypervisorCpu> parse_qemu_cpu(Bytes desc);

}  // namespace postmortem::i386
