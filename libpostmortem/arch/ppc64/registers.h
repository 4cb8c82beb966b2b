// The register file of 64-bit POWER, and where struct pt_regs and NT_PRSTATUS keep each register.
#pragma once

#include "arch/arch.h"

namespace postmortem::ppc64 {

/// In the order of struct user_pt_regs (arch/powerpc/include/uapi/asm/ptrace.h).
enum Reg : std::uint8_t {
    R0,
    R1,
    R31 = 31,
    Nip,
    Msr,
    OrigR3,
    Ctr,
    Link,
    Xer,
    Ccr,
    SoftE,
    Trap,
    Dar,
    Dsisr,
    Outcome,
};

constexpr std::size_t register_count = 44;
/// Of struct pt_regs, what every kernel has: the kernel keeps a few words more behind.
constexpr std::uint32_t registers_size = register_count * 8;

extern const RegisterFile register_file;

/// A struct pt_regs; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian);

/// Also in the order of bytes that is not the machine's, as QEMU writes it of some (target/ppc/arch_dump.c
/// asks for the order of the hypervisor's interrupts).
std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian);

/// Why the kernel was entered, in words; empty where nothing tells.
std::string_view cause_words(const Registers& registers);

}  // namespace postmortem::ppc64
