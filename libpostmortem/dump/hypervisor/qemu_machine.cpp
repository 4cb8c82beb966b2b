#include "dump/hypervisor/qemu_machine.h"

#include <algorithm>
#include <array>

#include <elf.h>
#include <fmt/format.h>

#include "dump/machine.h"

namespace postmortem {
namespace {

constexpr std::uint64_t qemu_gib = 1ull << 30;

// hw/i386/pc_piix.c (pc_init1), pc_q35.c (pc_q35_init), microvm.c; hw/arm/virt.c and so on. RAM begins at
// `base`; of more than `hole_from` bytes, what is beyond the first `low` lies from `high` on.
struct MachineType {
    std::string_view prefix;
    std::uint16_t elf;
    Endian endian;
    std::uint64_t base, hole_from, low, high;
};
constexpr std::uint64_t no_hole = ~0ull;
constexpr std::array<MachineType, 9> machine_types = {{
    {"pc-i440fx", EM_X86_64, Endian::Little, 0, 0xe0000000, 3 * qemu_gib, 4 * qemu_gib},
    {"pc-q35", EM_X86_64, Endian::Little, 0, 0xb0000000, 2 * qemu_gib, 4 * qemu_gib},
    {"microvm", EM_X86_64, Endian::Little, 0, 3 * qemu_gib, 3 * qemu_gib, 4 * qemu_gib},
    {"virt-", EM_AARCH64, Endian::Little, qemu_gib, no_hole, 0, 0},
    {"s390-ccw", EM_S390, Endian::Big, 0, no_hole, 0, 0},
    {"pseries", EM_PPC64, Endian::Little, 0, no_hole, 0, 0},
    // RHEL's names for the same machines
    {"rhel", EM_X86_64, Endian::Little, 0, 0xb0000000, 2 * qemu_gib, 4 * qemu_gib},
    {"pc-i440fx-rhel", EM_X86_64, Endian::Little, 0, 0xe0000000, 3 * qemu_gib, 4 * qemu_gib},
    {"pc-q35-rhel", EM_X86_64, Endian::Little, 0, 0xb0000000, 2 * qemu_gib, 4 * qemu_gib},
}};

// ARM's "virt-7.2" and the like have a version, RISC-V's "virt" has none; its memory is named after the
// board.
constexpr std::string_view riscv_ram = "riscv_virt_board.ram";
constexpr MachineType riscv_virt = {"virt", EM_RISCV, Endian::Little, 2 * qemu_gib, no_hole, 0, 0};

// The RAM of a machine that was not given any by name.
constexpr std::array<std::string_view, 6> own_ram = {"pc.ram",        "microvm.ram", "mach-virt.ram",
                                                     "ppc_spapr.ram", "s390.ram",    riscv_ram};

std::string_view backend_name(const QemuRamBlock& block) {
    constexpr std::string_view object("/objects/");
    std::string_view name = block.name;
    if (name.starts_with(object)) name.remove_prefix(object.size());
    return name;
}

// A memory backend has the name that it was given, such as libvirt's ram-node0; those of devices are paths or
// have a dot in them.
bool is_backend(const QemuRamBlock& block) {
    const std::string_view name = backend_name(block);
    return name.find_first_of("./@:") == name.npos && name != "ivshmem";
}

// Memory that was plugged in lies where the guest's firmware tables say: libvirt's memdimm0, virtiomem0.
bool is_plugged(const QemuRamBlock& block) {
    const std::string_view name = backend_name(block);
    return name.starts_with("mem") || name.starts_with("dimm") || name.starts_with("virtiomem") ||
           name.starts_with("nvdimm");
}

// ram-node2 before ram-node10.
bool backend_before(const QemuRamBlock* a, const QemuRamBlock* b) {
    return std::pair(a->name.size(), a->name) < std::pair(b->name.size(), b->name);
}

std::vector<const QemuRamBlock*> main_memory(const QemuStream& stream, std::vector<std::string>& left_out) {
    std::vector<const QemuRamBlock*> own, backends, plugged;
    for (const QemuRamBlock& block : stream.blocks) {
        if (std::find(own_ram.begin(), own_ram.end(), backend_name(block)) != own_ram.end())
            own.push_back(&block);
        else if (is_backend(block))
            (is_plugged(block) ? plugged : backends).push_back(&block);
    }
    std::sort(backends.begin(), backends.end(), backend_before);
    if (own.empty()) std::swap(own, backends);
    // A single backend may have any name.
    if (own.empty() && plugged.size() == 1) std::swap(own, plugged);
    for (const auto* rest : {&backends, &plugged})
        for (const QemuRamBlock* block : *rest) left_out.push_back(block->name);
    return own;
}

// One block behind the other, with the hole cut out.
std::vector<QemuMemoryRange> lay_out(const MachineType& type,
                                     const std::vector<const QemuRamBlock*>& blocks) {
    std::uint64_t total = 0;
    for (const QemuRamBlock* block : blocks) total += block->bytes;
    const std::uint64_t low = total >= type.hole_from ? type.low : total;
    std::vector<QemuMemoryRange> ranges;
    std::uint64_t done = 0;
    for (const QemuRamBlock* block : blocks) {
        for (std::uint64_t within = 0; within < block->bytes;) {
            const bool below = done < low;
            const std::uint64_t room = below ? low - done : ~0ull;
            const std::uint64_t size = std::min(block->bytes - within, room);
            const std::uint64_t begin = type.base + (below ? done : type.high + (done - low));
            ranges.push_back({begin, begin + size, block->first_page + within / qemu_page_size});
            within += size;
            done += size;
        }
    }
    return ranges;
}

}  // namespace

Result<QemuMachine> qemu_machine_of(const QemuStream& stream) {
    const MachineType* type = nullptr;
    for (const MachineType& known : machine_types)
        if (stream.machine.starts_with(known.prefix) && (!type || known.prefix.size() > type->prefix.size()))
            type = &known;
    const bool riscv = std::any_of(stream.blocks.begin(), stream.blocks.end(),
                                   [](const auto& block) { return block.name == riscv_ram; });
    if (riscv) type = &riscv_virt;
    if (!type)
        return fail(ErrorCode::Unsupported,
                    fmt::format("where a machine of the type \"{}\" has its memory is not known; restore it, "
                                "stop it, and take the dump with QEMU's dump-guest-memory",
                                stream.machine));
    QemuMachine machine;
    machine.elf_machine = type->elf;
    machine.endian = type->endian;
    machine.memory = lay_out(*type, main_memory(stream, machine.left_out));
    if (machine.memory.empty()) return fail(ErrorCode::Corrupt, "the saved machine has no RAM");
    return machine;
}

}  // namespace postmortem
