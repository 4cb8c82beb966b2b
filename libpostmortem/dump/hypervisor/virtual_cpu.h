// A processor as some hypervisor or firmware saved it, written down as the note that QEMU's dumps carry, so
// that whoever reads those reads every one.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace postmortem {

struct VirtualCpu {
    /// An x86 processor's sixteen general registers by their numbers in machine code; behind them, where it
    /// goes on, and its flags.
    static constexpr std::size_t register_count = 18, next_instruction = 16, flags = 17;
    std::array<std::uint64_t, register_count> registers{};

    struct Segment {
        std::uint32_t selector = 0, limit = 0, flags = 0;
        std::uint64_t base = 0;
    };
    /// By their numbers in machine code: es, cs, ss, ds, fs, gs; then ldt, tr, gdt, idt.
    static constexpr std::size_t segment_count = 10, gs = 5;
    std::array<Segment, segment_count> segments{};

    std::array<std::uint64_t, 5> control{};  ///< control registers 0 to 4
    std::uint64_t other_gs_base = 0;         ///< what swapgs would bring
};

/// The name of the note; QEMU's own are called otherwise.
inline constexpr std::string_view virtual_cpu_note = "virtual CPU";

/// Its descriptor: QEMUCPUState of QEMU's target/i386/arch_dump.c.
std::vector<std::byte> qemu_note_of(const VirtualCpu& cpu);

}  // namespace postmortem
