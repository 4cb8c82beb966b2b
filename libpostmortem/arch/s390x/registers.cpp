#include "arch/s390x/registers.h"

#include "log/events/program_interruption.h"

namespace postmortem::s390x {
namespace {

constexpr std::string_view names[] = {
    "PSW_MASK", "PSW", "R0",  "R1",  "R2",  "R3",  "R4",  "R5",      "R6",       "R7",       "R8",
    "R9",       "R10", "R11", "R12", "R13", "R14", "R15", "ORIG_R2", "INT_CODE", "INT_PARM", "FLAGS"};
static_assert(std::size(names) == register_count);

constexpr RegisterFace printed[] = {{PswMask, "PSW mask: "},
                                    {PswAddr, "PSW addr: "},
                                    {2, " R0: "},
                                    {3, " R1: "},
                                    {4, " R2: "},
                                    {5, " R3: "},
                                    {6, " R4: "},
                                    {7, " R5: "},
                                    {8, " R6: "},
                                    {9, " R7: "},
                                    {10, " R8: "},
                                    {11, " R9: "},
                                    {12, "R10: "},
                                    {13, "R11: "},
                                    {14, "R12: "},
                                    {15, "R13: "},
                                    {16, "R14: "},
                                    {17, "R15: "},
                                    {OrigR2, "orig R2: "},
                                    {IntCode, "int code: "},
                                    {IntParm, "int parm: "},
                                    {Flags, "flags: "}};
static_assert(std::size(printed) == register_count);

// z/Architecture Principles of Operation, "Program-Status-Word Format"; Linux: asm/ptrace.h. In 64-bit mode
// both addressing bits are set, of a 31-bit program only the lower one; unassigned bits must be zero.
constexpr std::uint64_t problem_state = 0x0001000000000000, both_modes = 0x0000000180000000,
                        lower_mode = 0x0000000080000000, translation = 0x0400000000000000,
                        unassigned = 0xb80800007fffffff;

bool user_mode(const Registers& registers) {
    return (registers[PswMask] & problem_state) != 0;
}

bool possible(const Registers& registers) {
    const std::uint64_t mask = registers[PswMask];
    if ((mask & unassigned) != 0 || registers[PswAddr] % 2 != 0) return false;
    if (!user_mode(registers)) return (mask & both_modes) == both_modes;
    return (mask & lower_mode) != 0 && (mask & translation) != 0;
}

// "Interruption Code" of the same manual; Linux keeps the instruction's length in the upper half.
constexpr std::string_view exceptions[] = {
    "",
    "illegal operation",
    "privileged operation",
    "execute exception",
    "protection exception",
    "addressing exception",
    "specification exception",
    "data exception",
    "fixed point overflow",
    "fixed point divide",
    "decimal overflow",
    "decimal divide",
    "HFP overflow",
    "HFP underflow",
    "HFP significance",
    "HFP divide",
    "segment translation exception",
    "page translation exception",
    "translation specification exception",
    "special operation exception",
};

std::string_view rarer_exception(std::uint64_t code) {
    switch (code) {
        case 0x1b: return "vector processing exception";
        case 0x1d: return "HFP square root";
        case 0x38: return "ASCE exception";
        case 0x39: return "region first translation exception";
        case 0x3a: return "region second translation exception";
        case 0x3b: return "region third translation exception";
        case 0x3d: return "secure storage access";
        case 0x40: return "monitor event";
        default: return {};
    }
}

struct Interruption {
    std::uint64_t number = 0, length = 0;  ///< of the instruction, in bytes
    bool in_transaction = false;
};

std::optional<Interruption> interruption_of(const Registers& registers) {
    constexpr std::uint64_t number = 0x7f, with_transaction = 0x200, recorded = 0x80;
    if (!registers.knows(IntCode)) return std::nullopt;
    const std::uint64_t code = registers[IntCode] & 0xffff, length = registers[IntCode] >> 16;
    if ((code & ~(number | with_transaction | recorded)) != 0 || (length != 2 && length != 4 && length != 6))
        return std::nullopt;
    return Interruption{code & number, length, (code & with_transaction) != 0};
}

// Bits of struct elf_prstatus's and struct pt_regs's middle, which are the same in both.
void set_psw_and_general(Registers& registers, ByteReader reader, std::size_t from) {
    for (std::size_t i = PswMask; i <= R15; ++i)
        if (const auto value = reader.u64(from + i * 8)) registers.set(i, *value);
}

}  // namespace

const RegisterFile register_file = {
    .names = names,
    .ip = PswAddr,
    .sp = R15,
    .fp = R11,
    .link = R14,
    .entry_only = OrigR2,
    .state = ((std::uint64_t{1} << (R15 + 1)) - 1) & ~std::uint64_t{1 << PswMask},
    .user_mode = user_mode,
    .possible = possible,
    .cause = cause_words,
    .bytes_behind = bytes_behind,
    .printed = printed,
    .printed_per_line = 4,
};

// PIF_SYSCALL says that the code is the number of a system call; an interrupt leaves something else in its
// place, which tells nothing.
std::string_view cause_words(const Registers& registers) {
    constexpr std::uint64_t by_call = 1;
    if (!registers.knows(IntCode)) return {};
    if (user_mode(registers) && (registers[Flags] & by_call) != 0) return "system call";
    const auto interruption = interruption_of(registers);
    if (!interruption) return {};
    const std::uint64_t which = interruption->number;
    return which < std::size(exceptions) ? exceptions[which] : rarer_exception(which);
}

// A transaction that was given up goes on from where it began.
std::uint64_t bytes_behind(const Registers& registers) {
    const auto interruption = interruption_of(registers);
    if (!interruption || interruption->in_transaction || !leaves_psw_behind(interruption->number)) return 0;
    return interruption->length;
}

std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian) {
    constexpr std::size_t psw = 8, orig = 152, code = 160, parameter = 168, flags = 176;
    if (bytes.size() < registers_size) return std::nullopt;
    const ByteReader reader(bytes, endian);
    Registers registers(register_file);
    set_psw_and_general(registers, reader, psw);
    registers.set(OrigR2, *reader.u64(orig));
    registers.set(IntCode, *reader.u32(code));
    registers.set(IntParm, *reader.u64(parameter));
    registers.set(Flags, *reader.u64(flags));
    return registers;
}

// struct elf_prstatus (include/linux/elfcore.h), in it s390_regs.
std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian) {
    constexpr std::size_t pid_offset = 32, registers_offset = 112;
    const ByteReader reader(desc, endian);
    const auto pid = reader.get<std::int32_t>(pid_offset);
    if (!pid || !reader.slice(registers_offset, (R15 + 1) * 8)) return std::nullopt;
    Prstatus status{*pid, Registers(register_file)};
    set_psw_and_general(status.registers, reader, registers_offset);
    return status;
}

}  // namespace postmortem::s390x
