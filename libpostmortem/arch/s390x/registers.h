// The s390x register file, and where struct pt_regs and NT_PRSTATUS keep each register.
#pragma once

#include "arch/arch.h"

namespace postmortem::s390x {

/// In the order of struct pt_regs (arch/s390/include/asm/ptrace.h), without its first word: the program
/// status word, the general registers, then what an entry saves beside them.
enum Reg : std::uint8_t {
    PswMask,
    PswAddr,
    R0,
    R2 = R0 + 2,
    R11 = R0 + 11,
    R14 = R0 + 14,
    R15,
    OrigR2,
    IntCode,
    IntParm,
    Flags
};

constexpr std::size_t register_count = 22;
/// Of struct pt_regs, what every kernel has: since 5.12 there is a word more.
constexpr std::uint32_t registers_size = 184;

extern const RegisterFile register_file;

/// A struct pt_regs; nothing where there are too few bytes.
std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian);

std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian);

/// What the code of a program interruption says, in words; empty where it says nothing.
std::string_view cause_words(const Registers& registers);

/// How far the program status word is behind the instruction that a program interruption ended, in bytes.
std::uint64_t bytes_behind(const Registers& registers);

}  // namespace postmortem::s390x
