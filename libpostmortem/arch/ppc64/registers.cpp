#include "arch/ppc64/registers.h"

#include <algorithm>

namespace postmortem::ppc64 {
namespace {

constexpr std::string_view names[] = {"R0",  "R1",  "R2",  "R3",    "R4",   "R5",  "R6",    "R7",      "R8",
                                      "R9",  "R10", "R11", "R12",   "R13",  "R14", "R15",   "R16",     "R17",
                                      "R18", "R19", "R20", "R21",   "R22",  "R23", "R24",   "R25",     "R26",
                                      "R27", "R28", "R29", "R30",   "R31",  "NIP", "MSR",   "ORIG_R3", "CTR",
                                      "LR",  "XER", "CCR", "SOFTE", "TRAP", "DAR", "DSISR", "RESULT"};
static_assert(std::size(names) == register_count);

// As crash prints them.
constexpr RegisterFace printed[] = {
    {0, " R0:  "},    {1, " R1:  "},    {2, " R2:  "},     {3, " R3:  "},      {4, " R4:  "},
    {5, " R5:  "},    {6, " R6:  "},    {7, " R7:  "},     {8, " R8:  "},      {9, " R9:  "},
    {10, "R10:  "},   {11, "R11:  "},   {12, "R12:  "},    {13, "R13:  "},     {14, "R14:  "},
    {15, "R15:  "},   {16, "R16:  "},   {17, "R17:  "},    {18, "R18:  "},     {19, "R19:  "},
    {20, "R20:  "},   {21, "R21:  "},   {22, "R22:  "},    {23, "R23:  "},     {24, "R24:  "},
    {25, "R25:  "},   {26, "R26:  "},   {27, "R27:  "},    {28, "R28:  "},     {29, "R29:  "},
    {30, "R30:  "},   {31, "R31:  "},   {Nip, "NIP:  "},   {Msr, "MSR:  "},    {OrigR3, "OR3:  "},
    {Ctr, "CTR:  "},  {Link, " LR:  "}, {Xer, "XER:  "},   {Ccr, "CCR:  "},    {SoftE, "SFE:  "},
    {Trap, "TRP:  "}, {Dar, "DAR:  "},  {Dsisr, "DSI:  "}, {Outcome, "RES:  "}};
static_assert(std::size(printed) == register_count);

// Power ISA, Book III, "Machine State Register"; Linux: arch/powerpc/include/asm/reg.h.
constexpr std::uint64_t problem_state = 0x4000, wide = std::uint64_t{1} << 63;
// HV, the three of transactional memory, those of the vector units, and what 16 bits hold; and those between,
// in which an interrupt says more of its reason.
constexpr std::uint64_t reasons = 0x783f0000;
constexpr std::uint64_t defined =
    wide | std::uint64_t{1} << 60 | std::uint64_t{7} << 32 | 0x06c0ffff | reasons;

bool user_mode(const Registers& registers) {
    return (registers[Msr] & problem_state) != 0;
}

// Firmware may run narrow and big endian.
bool has_defined_bits_only(std::uint64_t msr) {
    return (msr & ~defined) == 0;
}

// The lowest bits of the trap say how the registers were saved.
constexpr std::uint64_t trap_flags = 0xf, highest_trap = 0x3000;

bool possible(const Registers& registers) {
    const std::uint64_t msr = registers[Msr];
    if (!has_defined_bits_only(msr) || (msr & (wide | problem_state)) == 0 || registers[Nip] % 4 != 0)
        return false;
    return registers[Trap] <= (highest_trap | trap_flags);
}

constexpr std::uint64_t program = 0x700;

struct Vector {
    std::uint64_t trap;
    std::string_view words;
};
constexpr Vector vectors[] = {{0x100, "system reset"},
                              {0x200, "machine check"},
                              {0x300, "data storage interrupt"},
                              {0x380, "data segment interrupt"},
                              {0x400, "instruction storage interrupt"},
                              {0x480, "instruction segment interrupt"},
                              {0x500, "external interrupt"},
                              {0x600, "alignment interrupt"},
                              {program, "program interrupt"},
                              {0x800, "floating-point unavailable"},
                              {0x900, "decrementer"},
                              {0x980, "hypervisor decrementer"},
                              {0xa00, "doorbell"},
                              {0xc00, "system call"},
                              {0xd00, "trace"},
                              {0xe00, "hypervisor data storage interrupt"},
                              {0xe20, "hypervisor instruction storage interrupt"},
                              {0xe40, "hypervisor emulation assistance"},
                              {0xe60, "hypervisor maintenance"},
                              {0xe80, "hypervisor doorbell"},
                              {0xea0, "hypervisor virtualization interrupt"},
                              {0xf00, "performance monitor"},
                              {0xf20, "vector unavailable"},
                              {0xf40, "VSX unavailable"},
                              {0xf60, "facility unavailable"},
                              {0xf80, "hypervisor facility unavailable"},
                              {0x3000, "system call"}};  // vectored

// Power ISA, Book III, "Program Interrupt"; Linux: REASON_TRAP and its like, arch/powerpc/kernel/traps.c.
std::string_view program_interrupt(std::uint64_t msr) {
    constexpr std::uint64_t floating_point = 0x100000, illegal = 0x80000, privileged = 0x40000,
                            trap = 0x20000;
    switch (msr & (floating_point | illegal | privileged | trap)) {
        case floating_point: return "program interrupt: floating-point exception";
        case illegal: return "program interrupt: illegal instruction";
        case privileged: return "program interrupt: privileged instruction";
        case trap: return "program interrupt: trap";
        default: return "program interrupt";
    }
}

}  // namespace

const RegisterFile register_file = {
    .names = names,
    .ip = Nip,
    .sp = R1,
    .fp = R31,
    .link = Link,
    .entry_only = OrigR3,
    .state = (std::uint64_t{1} << Msr) - 1,
    .user_mode = user_mode,
    .possible = possible,
    .cause = cause_words,
    .printed = printed,
    .printed_per_line = 3,
};

std::string_view cause_words(const Registers& registers) {
    if (!registers.knows(Trap)) return {};
    const auto known = std::find_if(std::begin(vectors), std::end(vectors), [&](const Vector& vector) {
        return vector.trap == (registers[Trap] & ~trap_flags);
    });
    if (known == std::end(vectors)) return {};
    return known->trap == program ? program_interrupt(registers[Msr]) : known->words;
}

std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian) {
    if (bytes.size() < registers_size) return std::nullopt;
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i)
        registers.set(i, load<std::uint64_t>(bytes.data() + i * 8, endian));
    return registers;
}

// struct elf_prstatus (include/linux/elfcore.h).
std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian) {
    constexpr std::size_t pid_offset = 32, registers_offset = 112;
    const auto raw = ByteReader(desc).slice(registers_offset, registers_size);
    if (!raw) return std::nullopt;
    const Endian other = endian == Endian::Little ? Endian::Big : Endian::Little;
    const auto msr = [&](Endian order) { return load<std::uint64_t>(raw->data() + Msr * 8, order); };
    if (!has_defined_bits_only(msr(endian)) && has_defined_bits_only(msr(other))) endian = other;
    return Prstatus{load<std::int32_t>(desc.data() + pid_offset, endian), *parse_pt_regs(*raw, endian)};
}

}  // namespace postmortem::ppc64
