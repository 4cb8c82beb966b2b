#include "arch/riscv64/registers.h"

namespace postmortem::riscv64 {
namespace {

constexpr std::string_view names[] = {"EPC", "RA", "SP", "GP", "TP", "T0",     "T1",      "T2",    "S0",
                                      "S1",  "A0", "A1", "A2", "A3", "A4",     "A5",      "A6",    "A7",
                                      "S2",  "S3", "S4", "S5", "S6", "S7",     "S8",      "S9",    "S10",
                                      "S11", "T3", "T4", "T5", "T6", "STATUS", "BADADDR", "CAUSE", "ORIG_A0"};
static_assert(std::size(names) == register_count);

// As __show_regs() prints them (arch/riscv/kernel/process.c), and crash.
constexpr RegisterFace printed[] = {
    {0, "epc : "},        {1, " ra : "},  {2, " sp : "},        {3, " gp : "},          {4, " tp : "},
    {5, " t0 : "},        {6, " t1 : "},  {7, " t2 : "},        {8, " s0 : "},          {9, " s1 : "},
    {10, " a0 : "},       {11, " a1 : "}, {12, " a2 : "},       {13, " a3 : "},         {14, " a4 : "},
    {15, " a5 : "},       {16, " a6 : "}, {17, " a7 : "},       {18, " s2 : "},         {19, " s3 : "},
    {20, " s4 : "},       {21, " s5 : "}, {22, " s6 : "},       {23, " s7 : "},         {24, " s8 : "},
    {25, " s9 : "},       {26, " s10: "}, {27, " s11: "},       {28, " t3 : "},         {29, " t4 : "},
    {30, " t5 : "},       {31, " t6 : "}, {Status, "status: "}, {BadAddr, "badaddr: "}, {Cause, "cause: "},
    {OrigA0, "orig_a0: "}};
static_assert(std::size(printed) == register_count);

constexpr std::uint64_t state = (std::uint64_t{1} << user_register_count) - 1;

// sstatus (the RISC-V Instruction Set Manual, volume II): SPP says where it came from.
constexpr std::uint64_t from_supervisor = 1u << 8, interrupts_were_enabled = 1u << 5;
constexpr std::uint64_t defined_status = std::uint64_t{1} << 63 | std::uint64_t{3} << 32 | 1u << 24 |
                                         1u << 23 | 1u << 19 | 1u << 18 | 0x1e000 | 0x600 | 0x100 | 0x62;

// NT_PRSTATUS has no status; there the address has to tell.
bool user_mode(const Registers& registers) {
    if (registers.knows(Status)) return (registers[Status] & from_supervisor) == 0;
    return registers[Epc] >> 63 == 0;
}

constexpr std::uint64_t interrupt = std::uint64_t{1} << 63;

// The kernel sets a cause to all ones where a signal has dealt with a system call. Programs run with
// interrupts enabled, which an entry saves in SPIE.
bool possible(const Registers& registers) {
    constexpr std::uint64_t causes = 64;
    if (!registers.knows(Status)) return true;
    if ((registers[Status] & ~defined_status) != 0) return false;
    const std::uint64_t cause = registers[Cause];
    if (cause != ~std::uint64_t{0} && (cause & ~interrupt) >= causes) return false;
    return !user_mode(registers) || (registers[Status] & interrupts_were_enabled) != 0;
}

constexpr std::string_view exceptions[] = {
    "instruction address misaligned",
    "instruction access fault",
    "illegal instruction",
    "breakpoint",
    "load address misaligned",
    "load access fault",
    "store address misaligned",
    "store access fault",
    "system call",
    "environment call from S-mode",
    "",
    "environment call from M-mode",
    "instruction page fault",
    "load page fault",
    "",
    "store page fault",
    "double trap",
    "",
    "software check",
    "hardware error",
    "instruction guest-page fault",
    "load guest-page fault",
    "virtual instruction",
    "store guest-page fault",
};

std::string_view interrupt_words(std::uint64_t number) {
    switch (number) {
        case 1: return "software interrupt";
        case 5: return "timer interrupt";
        case 9: return "external interrupt";
        case 13: return "counter overflow interrupt";
        default: return "interrupt";
    }
}

Registers first_registers(Bytes bytes, Endian endian, std::size_t count) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < count; ++i)
        registers.set(i, load<std::uint64_t>(bytes.data() + i * 8, endian));
    return registers;
}

}  // namespace

const RegisterFile register_file = {
    .names = names,
    .ip = Epc,
    .sp = Sp,
    .fp = Fp,
    .link = Ra,
    .entry_only = OrigA0,
    .state = state,
    .user_mode = user_mode,
    .possible = possible,
    .cause = cause_words,
    .printed = printed,
    .printed_per_line = 3,
};

std::string_view cause_words(const Registers& registers) {
    if (!registers.knows(Cause)) return {};
    const std::uint64_t cause = registers[Cause];
    if (cause == ~std::uint64_t{0}) return {};
    if ((cause & interrupt) != 0) return interrupt_words(cause & ~interrupt);
    return cause < std::size(exceptions) ? exceptions[cause] : std::string_view();
}

std::optional<Registers> parse_pt_regs(Bytes bytes, Endian endian) {
    if (bytes.size() < registers_size) return std::nullopt;
    return first_registers(bytes, endian, register_count);
}

// struct elf_prstatus (include/linux/elfcore.h).
std::optional<Prstatus> parse_prstatus(Bytes desc, Endian endian) {
    constexpr std::size_t pid_offset = 32, registers_offset = 112;
    const ByteReader reader(desc, endian);
    const auto pid = reader.get<std::int32_t>(pid_offset);
    const auto raw = reader.slice(registers_offset, user_register_count * 8);
    if (!pid || !raw) return std::nullopt;
    return Prstatus{*pid, first_registers(*raw, endian, user_register_count)};
}

}  // namespace postmortem::riscv64
