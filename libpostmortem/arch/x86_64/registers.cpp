#include "arch/x86_64/registers.h"

namespace postmortem::x86_64 {
namespace {

constexpr std::size_t first_iret_register = static_cast<std::size_t>(Reg::Ip);

// With FRED the CPU keeps event data above the 16 bits of the selectors (struct fred_cs, 6.9).
void drop_event_data(Registers& registers) {
    registers[Reg::Cs] &= 0xffff;
    registers[Reg::Ss] &= 0xffff;
}

}  // namespace

std::string_view name_of(Reg reg) {
    static constexpr std::array<std::string_view, register_count> names = {
        "R15", "R14", "R13", "R12", "RBP",      "RBX", "R11", "R10",    "R9",  "R8", "RAX",
        "RCX", "RDX", "RSI", "RDI", "ORIG_RAX", "RIP", "CS",  "RFLAGS", "RSP", "SS"};
    return names[static_cast<std::size_t>(reg)];
}

std::optional<Registers> parse_pt_regs(Bytes bytes) {
    if (bytes.size() < pt_regs_size) return std::nullopt;
    Registers registers;
    for (std::size_t i = 0; i < register_count; ++i)
        registers.value[i] = load<std::uint64_t>(bytes.data() + i * 8, Endian::Little);
    drop_event_data(registers);
    return registers;
}

std::optional<Registers> parse_iret_frame(Bytes bytes) {
    if (bytes.size() < iret_frame_size) return std::nullopt;
    Registers registers;
    registers.partial = true;
    for (std::size_t i = first_iret_register; i < register_count; ++i)
        registers.value[i] =
            load<std::uint64_t>(bytes.data() + (i - first_iret_register) * 8, Endian::Little);
    drop_event_data(registers);
    return registers;
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
    static constexpr std::array<Reg, 18> order = {
        Reg::Ax, Reg::Bx,  Reg::Cx,  Reg::Dx,  Reg::Si,  Reg::Di,  Reg::Sp,  Reg::Bp, Reg::R8,
        Reg::R9, Reg::R10, Reg::R11, Reg::R12, Reg::R13, Reg::R14, Reg::R15, Reg::Ip, Reg::Flags};
    constexpr std::size_t header = 8, segment_size = 24, base_offset = 16, control_registers = 5;
    constexpr std::size_t segments = header + order.size() * 8, gs = 4, ss = 5, segment_count = 10;
    constexpr std::size_t kernel_gs = segments + segment_count * segment_size + control_registers * 8;
    const ByteReader reader(desc, Endian::Little);
    if (!reader.holds(0, kernel_gs)) return std::nullopt;

    QemuCpu cpu;
    for (std::size_t i = 0; i < order.size(); ++i) cpu.registers[order[i]] = *reader.u64(header + i * 8);
    cpu.registers[Reg::Cs] = *reader.u32(segments);
    cpu.registers[Reg::Ss] = *reader.u32(segments + ss * segment_size);
    cpu.gs_base = *reader.u64(segments + gs * segment_size + base_offset);
    cpu.kernel_gs_base = reader.u64(kernel_gs).value_or(0);
    return cpu;
}

}  // namespace postmortem::x86_64
