#include "dump/hypervisor/qemu_cpu.h"

#include <algorithm>

#include "base/text.h"

namespace postmortem {
namespace {

// vmstate_x86_cpu of QEMU's target/i386/machine.c, version 12, as the 64-bit QEMU writes it: big endian, no
// padding. From its beginning: the registers; hidden flags and floating point; six segments, then four
// tables; what sysenter needs; control registers 0, 2, 3, 4.
struct QemuCpuSection {
    static constexpr std::uint32_t version = 12;
    static constexpr std::size_t segments = VirtualCpu::register_count * 8 + 4 + 4 * 2 + 8 * 10;
    static constexpr std::size_t segment_size = 20;
    static constexpr std::size_t control = segments + VirtualCpu::segment_count * segment_size + 4 + 2 * 8;
    // Debug registers, a mask, the vector registers, and five of the registers for system calls.
    static constexpr std::size_t other_base = control + 4 * 8 + 8 * 8 + 4 + 4 + 16 * 16 + 5 * 8;
    static constexpr std::size_t needed = other_base + 8;
};

VirtualCpu parse_qemu_cpu_section(ByteReader section) {
    using At = QemuCpuSection;
    VirtualCpu cpu;
    for (std::size_t i = 0; i < cpu.registers.size(); ++i) cpu.registers[i] = section.u64(i * 8).value_or(0);
    for (std::size_t i = 0; i < cpu.segments.size(); ++i) {
        const std::size_t at = At::segments + i * At::segment_size;
        cpu.segments[i] = {section.u32(at).value_or(0), section.u32(at + 12).value_or(0),
                           section.u32(at + 16).value_or(0), section.u64(at + 4).value_or(0)};
    }
    constexpr std::size_t numbers[] = {0, 2, 3, 4};
    for (std::size_t i = 0; i < 4; ++i)
        cpu.control[numbers[i]] = section.u64(At::control + i * 8).value_or(0);
    cpu.other_gs_base = section.u64(At::other_base).value_or(0);
    return cpu;
}

// Protection and paging are on, and the tables lie at a page: no other section's bytes look so.
bool plausible(const VirtualCpu& cpu) {
    constexpr std::uint64_t protection_and_paging = 1ull | 1ull << 31;
    return (cpu.control[0] & protection_and_paging) == protection_and_paging && cpu.control[0] >> 32 == 0 &&
           cpu.control[3] >> 52 == 0;
}

}  // namespace

std::vector<VirtualCpu> read_qemu_cpus(const ByteSource& source, std::uint64_t devices_at) {
    std::vector<VirtualCpu> cpus;
    std::vector<std::byte> storage;
    const std::uint64_t rest = source.size() - std::min(source.size(), devices_at);
    if (devices_at == 0) return cpus;
    const auto bytes = read_kept(source, devices_at, std::min(rest, max_kept_bytes), storage);
    if (!bytes) return cpus;
    const ByteReader reader(*bytes, Endian::Big);
    const std::string_view text = as_text(*bytes);
    // A name of three letters; behind it stand the processor's number and the version.
    constexpr std::string_view name(
        "\x03"
        "cpu",
        4);
    for (std::size_t at = text.find(name); at != npos; at = text.find(name, at + 1)) {
        const std::size_t behind = at + name.size();
        if (reader.u32(behind) != cpus.size() || reader.u32(behind + 4) != QemuCpuSection::version) continue;
        const auto section = reader.slice(behind + 8, QemuCpuSection::needed);
        if (!section) continue;
        const VirtualCpu cpu = parse_qemu_cpu_section(ByteReader(*section, Endian::Big));
        if (plausible(cpu)) cpus.push_back(cpu);
    }
    return cpus;
}

}  // namespace postmortem
