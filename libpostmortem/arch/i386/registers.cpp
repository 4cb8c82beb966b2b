#include "arch/i386/registers.h"

namespace postmortem::i386 {
namespace {

constexpr std::string_view names[] = {"EBX", "ECX", "EDX", "ESI", "EDI", "EBP",    "EAX", "DS", "ES",
                                      "FS",  "GS",  "ERR", "EIP", "CS",  "EFLAGS", "ESP", "SS"};
static_assert(std::size(names) == register_count);

// As crash prints them: four to a line, in columns.
constexpr RegisterFace printed[] = {
    {Ax, "EAX: ", 8}, {Bx, "EBX: ", 8},     {Cx, "ECX: ", 8},     {Dx, "EDX: ", 8},
    {Ds, "DS:  ", 4}, {Si, "    ESI: ", 8}, {Es, "ES:  ", 4},     {Di, "    EDI: ", 8},
    {Ss, "SS:  ", 4}, {Sp, "    ESP: ", 8}, {Bp, "EBP: ", 8},     {Gs, "GS:  ", 4},
    {Cs, "CS:  ", 4}, {Ip, "    EIP: ", 8}, {OrigAx, "ERR: ", 8}, {Flags, "EFLAGS: ", 8}};

constexpr std::uint64_t bit(Reg reg) {
    return std::uint64_t{1} << reg;
}
constexpr std::uint64_t state = (bit(Ds) - 1) | bit(Ip) | bit(Sp);

constexpr std::uint64_t selector_bits = 0xffff;
constexpr std::uint64_t virtual_8086 = 1u << 17;
// Since 5.3 (3c88c692c287) an entry completes the frame of interrupted kernel code and says so in cs
// (CS_FROM_KERNEL, arch/x86/entry/entry_32.S). Before, the frame ends where the interrupted stack goes on.
constexpr std::uint64_t completed_frame = 1u << 29;

bool user_mode(const Registers& registers) {
    return (registers[Cs] & 3) != 0 || (registers[Flags] & virtual_8086) != 0;
}

// The selectors of arch/x86/include/asm/segment.h: the kernel's (in Xen's paravirtual guests one ring up),
// the user's, what programs put into their own table (modify_ldt()), and anything at all in virtual 8086
// mode.
bool possible(const Registers& registers) {
    constexpr std::uint64_t own_table = 7, defined_flags = 0x3f7fd7, always_set = 2,
                            of_new_program = 0x200;  // X86_EFLAGS_IF: start_thread()
    const std::uint64_t cs = registers[Cs], flags = registers[Flags];
    const bool known = cs == 0x60 || cs == 0x61 || cs == 0x73 || (cs & own_table) == own_table;
    return (known || (flags & virtual_8086) != 0) &&
           ((flags & always_set) != 0 || (flags == of_new_program && (cs & 3) == 3)) &&
           (flags & ~defined_flags) == 0;
}

Registers parse(Bytes bytes) {
    Registers registers(register_file);
    for (std::size_t i = 0; i < register_count; ++i)
        registers.set(i, load<std::uint32_t>(bytes.data() + i * 4, Endian::Little));
    return registers;
}

void keep_selectors(Registers& registers) {
    for (const Reg reg : {Ds, Es, Fs, Gs, Cs, Ss}) registers.value[reg] &= selector_bits;
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
    .printed = printed,
    .printed_per_line = 4,
};

std::optional<Registers> parse_pt_regs(Bytes bytes, std::uint64_t address) {
    if (bytes.size() < pt_regs_size) return std::nullopt;
    Registers registers = parse(bytes);
    const bool completed = (registers[Cs] & completed_frame) != 0;
    keep_selectors(registers);
    if (!registers.user_mode() && !completed) {
        registers.value[Sp] = address + Sp * 4;
        registers.value[Ss] = 0;
        registers.known &= ~bit(Ss);
    }
    return registers;
}

// struct elf_prstatus with 32-bit longs (include/linux/elfcore.h): siginfo, cursig, two signal sets, four
// ids, four times, and then the registers.
std::optional<Prstatus> parse_prstatus(Bytes desc) {
    constexpr std::size_t pid_offset = 24, registers_offset = 72;
    const ByteReader reader(desc, Endian::Little);
    const auto pid = reader.get<std::int32_t>(pid_offset);
    const auto raw = reader.slice(registers_offset, pt_regs_size);
    if (!pid || !raw) return std::nullopt;
    Registers registers = parse(*raw);
    keep_selectors(registers);
    return Prstatus{*pid, registers};
}

std::optional<HypervisorCpu> parse_qemu_cpu(Bytes desc) {
    // u32 version, u32 size, sixteen general registers of 64 bits of which a 32-bit CPU has the first eight,
    // rip, rflags, then segments (u32 selector, limit, flags, padding; u64 base): cs, ds, es, fs, gs, ss, ...
    static constexpr std::array<Reg, 8> order = {Ax, Bx, Cx, Dx, Si, Di, Sp, Bp};
    static constexpr std::array<Reg, 6> segment_order = {Cs, Ds, Es, Fs, Gs, Ss};
    constexpr std::size_t header = 8, ip = header + 16 * 8, flags = ip + 8;
    constexpr std::size_t segments = flags + 8, segment_size = 24, base_offset = 16, fs = 3;
    const ByteReader reader(desc, Endian::Little);
    if (!reader.holds(0, segments + segment_order.size() * segment_size)) return std::nullopt;

    HypervisorCpu cpu{Registers(register_file)};
    for (std::size_t i = 0; i < order.size(); ++i) cpu.registers.set(order[i], *reader.u32(header + i * 8));
    cpu.registers.set(Ip, *reader.u32(ip));
    cpu.registers.set(Flags, *reader.u32(flags));
    for (std::size_t i = 0; i < segment_order.size(); ++i)
        cpu.registers.set(segment_order[i], *reader.u32(segments + i * segment_size) & selector_bits);
    // The kernel's per-CPU base is that of fs; a user's fs is another's.
    if (!cpu.registers.user_mode())
        cpu.per_cpu_base[0] = *reader.u32(segments + fs * segment_size + base_offset);
    return cpu;
}

}  // namespace postmortem::i386
