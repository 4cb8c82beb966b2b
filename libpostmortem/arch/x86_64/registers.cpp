#include "arch/x86_64/registers.h"

#include <algorithm>
#include <iterator>

namespace postmortem::x86_64 {
namespace {

constexpr std::size_t first_iret_register = Ip;
constexpr std::uint64_t selector_bits = 0xffff;
// Event data that a CPU with FRED keeps above the stack's selector (struct fred_ss, since 6.9).
constexpr std::uint64_t event_bits = 0xf70f'00ff'0007'0000;

constexpr std::string_view names[] = {"R15", "R14",      "R13", "R12", "RBP",    "RBX", "R11",
                                      "R10", "R9",       "R8",  "RAX", "RCX",    "RDX", "RSI",
                                      "RDI", "ORIG_RAX", "RIP", "CS",  "RFLAGS", "RSP", "SS"};
static_assert(std::size(names) == register_count);

constexpr RegisterFace printed[] = {{Ip, "RIP: "},  {Sp, "RSP: "},  {Flags, "RFLAGS: ", 8}, {Ax, "RAX: "},
                                    {Bx, "RBX: "},  {Cx, "RCX: "},  {Dx, "RDX: "},          {Si, "RSI: "},
                                    {Di, "RDI: "},  {Bp, "RBP: "},  {R8, " R8: "},          {R9, " R9: "},
                                    {R10, "R10: "}, {R11, "R11: "}, {R12, "R12: "},         {R13, "R13: "},
                                    {R14, "R14: "}, {R15, "R15: "}, {OrigAx, "ORIG_RAX: "}, {Cs, "CS: ", 4},
                                    {Ss, "SS: ", 4}};

constexpr std::uint64_t bit(Reg reg) {
    return std::uint64_t{1} << reg;
}

// crash_save_cpu() copies the registers as they are; flags and segments are of no account.
constexpr std::uint64_t state = (bit(OrigAx) - 1) | bit(Ip) | bit(Sp);

// The privilege level in cs.
bool user_mode(const Registers& registers) {
    return (registers[Cs] & 3) != 0;
}

// The selectors of arch/x86/include/asm/segment.h: the kernel's, the 64-bit and the 32-bit user's, those that
// Xen gives its paravirtual guests, and what programs put into their own table (modify_ldt()). Of the flags,
// the one bit that is always set, and no undefined one; a program that has not run since exec() has the flag
// that lets interrupts in, and nothing else (start_thread()).
bool possible(const Registers& registers) {
    constexpr std::uint64_t selectors[] = {0x10, 0x33, 0x23, 0xe030, 0xe033, 0xe023};
    constexpr std::uint64_t own_table = 7, defined_flags = 0x3f7fd7, always_set = 2, of_new_program = 0x200;
    const std::uint64_t cs = registers[Cs], flags = registers[Flags];
    return (std::find(std::begin(selectors), std::end(selectors), cs) != std::end(selectors) ||
            (cs & own_table) == own_table) &&
           ((flags & always_set) != 0 || (flags == of_new_program && user_mode(registers))) &&
           (flags & ~defined_flags) == 0;
}

// The kernel's code and stack selectors, or the user's. The kernel's stack selector is 0 behind an interrupt
// that came from a user's program.
bool usual(const Registers& registers) {
    const std::uint64_t cs = registers[Cs], ss = registers[Ss];
    return (cs == 0x10 && (ss == 0x18 || ss == 0)) || ((cs == 0x33 || cs == 0x23) && ss == 0x2b);
}

// With FRED there is event data above a selector. A word that no entry can have pushed stays whole, for all
// to see.
std::uint64_t stack_selector(std::uint64_t word) {
    return (word & ~(selector_bits | event_bits)) == 0 ? word & selector_bits : word;
}

Registers parse(Bytes bytes, std::size_t first) {
    Registers registers(register_file);
    for (std::size_t i = first; i < register_count; ++i)
        registers.set(i, load<std::uint64_t>(bytes.data() + (i - first) * 8, Endian::Little));
    registers.value[Cs] &= selector_bits;
    registers.value[Ss] = stack_selector(registers[Ss]);
    return registers;
}

}  // namespace

const RegisterFile register_file = {
    .names = names,
    .ip = Ip,
    .sp = Sp,
    .fp = Bp,
    .entry_only = OrigAx,
    .state = state,
    .user_mode = user_mode,
    .possible = possible,
    .usual = usual,
    .printed = printed,
    .printed_per_line = 3,
};

std::optional<Registers> parse_pt_regs(Bytes bytes) {
    if (bytes.size() < pt_regs_size) return std::nullopt;
    return parse(bytes, 0);
}

std::optional<Registers> parse_iret_frame(Bytes bytes) {
    if (bytes.size() < iret_frame_size) return std::nullopt;
    return parse(bytes, first_iret_register);
}

std::optional<Prstatus> parse_prstatus(Bytes desc) {
    constexpr std::size_t pid_offset = 32, registers_offset = 112;
    const ByteReader reader(desc, Endian::Little);
    const auto pid = reader.get<std::int32_t>(pid_offset);
    const auto raw = reader.slice(registers_offset, pt_regs_size);
    if (!pid || !raw) return std::nullopt;
    return Prstatus{*pid, *parse_pt_regs(*raw)};
}

std::optional<QemuCpu> parse_qemu_cpu(Bytes desc) {
    // u32 version, u32 size, the general registers in this order, rip, rflags, ten segments (u32 selector,
    // limit, flags, padding; u64 base), cr0-cr4, kernel_gs_base.
    static constexpr std::array<Reg, 18> order = {Ax, Bx,  Cx,  Dx,  Si,  Di,  Sp,  Bp, R8,
                                                  R9, R10, R11, R12, R13, R14, R15, Ip, Flags};
    constexpr std::size_t header = 8, segment_size = 24, base_offset = 16, control_registers = 5;
    constexpr std::size_t segments = header + order.size() * 8, gs = 4, ss = 5, segment_count = 10;
    constexpr std::size_t kernel_gs = segments + segment_count * segment_size + control_registers * 8;
    const ByteReader reader(desc, Endian::Little);
    if (!reader.holds(0, kernel_gs)) return std::nullopt;

    QemuCpu cpu;
    for (std::size_t i = 0; i < order.size(); ++i) cpu.registers.set(order[i], *reader.u64(header + i * 8));
    cpu.registers.set(Cs, *reader.u32(segments));
    cpu.registers.set(Ss, *reader.u32(segments + ss * segment_size));
    cpu.gs_base = *reader.u64(segments + gs * segment_size + base_offset);
    cpu.kernel_gs_base = reader.u64(kernel_gs).value_or(0);
    return cpu;
}

}  // namespace postmortem::x86_64
