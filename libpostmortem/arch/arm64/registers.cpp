#include "arch/arm64/registers.h"

namespace postmortem::arm64 {
namespace {

constexpr std::string_view names[] = {"X0",  "X1",  "X2",  "X3",  "X4",  "X5",  "X6",    "X7",  "X8",
                                      "X9",  "X10", "X11", "X12", "X13", "X14", "X15",   "X16", "X17",
                                      "X18", "X19", "X20", "X21", "X22", "X23", "X24",   "X25", "X26",
                                      "X27", "X28", "X29", "LR",  "SP",  "PC",  "PSTATE"};
static_assert(std::size(names) == register_count);

// As crash prints them: those that tell most first, then three to a line, in columns.
constexpr RegisterFace printed[] = {{Pc, " PC: "}, {Lr, " LR: "}, {Sp, " SP: "}, {Pstate, "PSTATE: ", 8},
                                    {Fp, "X29: "}, {28, "X28: "}, {27, "X27: "}, {26, "X26: "},
                                    {25, "X25: "}, {24, "X24: "}, {23, "X23: "}, {22, "X22: "},
                                    {21, "X21: "}, {20, "X20: "}, {19, "X19: "}, {18, "X18: "},
                                    {17, "X17: "}, {16, "X16: "}, {15, "X15: "}, {14, "X14: "},
                                    {13, "X13: "}, {12, "X12: "}, {11, "X11: "}, {10, "X10: "},
                                    {9, " X9: "},  {8, " X8: "},  {7, " X7: "},  {6, " X6: "},
                                    {5, " X5: "},  {4, " X4: "},  {3, " X3: "},  {2, " X2: "},
                                    {1, " X1: "},  {0, " X0: "}};
static_assert(std::size(printed) == register_count);

// All but pstate.
constexpr std::uint64_t state = (std::uint64_t{1} << Pstate) - 1;

// PSR_MODE_* (arch/arm64/include/uapi/asm/ptrace.h): the exception level in bits 3:2, bit 4 for 32-bit code.
constexpr std::uint64_t mode_bits = 0xf, narrow = 0x10;

bool user_mode(const Registers& registers) {
    return (registers[Pstate] & mode_bits) == 0;
}

// The kernel runs at EL1 or, with VHE, at EL2; a 32-bit program in its user mode. Zeros are a program's mode,
// too, but none runs without a stack and at address 0.
bool possible(const Registers& registers) {
    constexpr std::uint64_t defined = 0x00000002ffffffffull;  // PSTATE.PPEND is bit 33
    const std::uint64_t pstate = registers[Pstate];
    if ((pstate & ~defined) != 0) return false;
    if (user_mode(registers)) return registers[Pc] != 0 || registers[Sp] != 0;
    const std::uint64_t mode = pstate & mode_bits;
    return (pstate & narrow) == 0 && (mode == 4 || mode == 5 || mode == 8 || mode == 9);
}

}  // namespace

const RegisterFile register_file = {
    .names = names,
    .ip = Pc,
    .sp = Sp,
    .fp = Fp,
    .link = Lr,
    .state = state,
    .user_mode = user_mode,
    .possible = possible,
    .printed = printed,
    .printed_per_line = 3,
};

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
    const ByteReader reader(desc, endian);
    const auto pid = reader.get<std::int32_t>(pid_offset);
    const auto raw = reader.slice(registers_offset, registers_size);
    if (!pid || !raw) return std::nullopt;
    return Prstatus{*pid, *parse_pt_regs(*raw, endian)};
}

}  // namespace postmortem::arm64
