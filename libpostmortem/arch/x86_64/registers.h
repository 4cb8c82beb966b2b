// The x86_64 register file, and where the three things that hold it put each register: struct pt_regs on a
// kernel stack, the ELF note NT_PRSTATUS, and the note that QEMU adds for each CPU.
#pragma once

#include "arch/arch.h"

namespace postmortem::x86_64 {

/// In the order of struct pt_regs (arch/x86/include/asm/ptrace.h), which the start of user_regs_struct
/// (arch/x86/include/asm/user_64.h) shares.
enum Reg : std::uint8_t {
    R15,
    R14,
    R13,
    R12,
    Bp,
    Bx,
    R11,
    R10,
    R9,
    R8,
    Ax,
    Cx,
    Dx,
    Si,
    Di,
    OrigAx,
    Ip,
    Cs,
    Flags,
    Sp,
    Ss
};

constexpr std::size_t register_count = 21;

/// sizeof(struct pt_regs).
constexpr std::uint64_t pt_regs_size = register_count * 8;
/// What the CPU itself pushes (ip, cs, flags, sp, ss) ends struct pt_regs.
constexpr std::uint64_t iret_frame_size = 5 * 8;

extern const RegisterFile register_file;

/// A struct pt_regs; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes);
/// The last five registers of a struct pt_regs; only they are known then.
std::optional<Registers> parse_iret_frame(Bytes bytes);

std::optional<Prstatus> parse_prstatus(Bytes desc);

/// QEMUCPUState of QEMU's target/i386/arch_dump.c: a note named "QEMU" for each virtual CPU.
struct QemuCpu {
    Registers registers{register_file};
    std::uint64_t gs_base = 0;         ///< the kernel's per-CPU base while the CPU is in the kernel,
    std::uint64_t kernel_gs_base = 0;  ///< this one while it is not; 0 before QEMU 2.12
};
std::optional<QemuCpu> parse_qemu_cpu(Bytes desc);

}  // namespace postmortem::x86_64
