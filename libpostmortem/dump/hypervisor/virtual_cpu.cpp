#include "dump/hypervisor/virtual_cpu.h"

#include "base/bytes.h"

namespace postmortem {
namespace {

constexpr std::size_t note_segments = 8 + VirtualCpu::register_count * 8, note_segment_size = 24;
constexpr std::size_t note_control = note_segments + VirtualCpu::segment_count * note_segment_size;
constexpr std::size_t note_other_base = note_control + 5 * 8, note_size = note_other_base + 8;

// Which register or segment comes first in the note, second, …
constexpr std::array<std::uint8_t, VirtualCpu::register_count> note_registers = {
    0, 3, 1, 2, 6, 7, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
constexpr std::array<std::uint8_t, VirtualCpu::segment_count> note_segment_order = {1, 3, 0, 4, 5,
                                                                                    2, 6, 7, 8, 9};

}  // namespace

std::vector<std::byte> qemu_note_of(const VirtualCpu& cpu) {
    std::vector<std::byte> note(note_size);
    const auto put = [&](std::size_t at, auto value) { store(note.data() + at, value, Endian::Little); };
    put(0, std::uint32_t{1});  // version
    put(4, static_cast<std::uint32_t>(note_size));
    for (std::size_t i = 0; i < note_registers.size(); ++i) put(8 + i * 8, cpu.registers[note_registers[i]]);
    for (std::size_t i = 0; i < note_segment_order.size(); ++i) {
        const VirtualCpu::Segment& segment = cpu.segments[note_segment_order[i]];
        const std::size_t at = note_segments + i * note_segment_size;
        put(at, segment.selector);
        put(at + 4, segment.limit);
        put(at + 8, segment.flags);
        put(at + 16, segment.base);
    }
    for (std::size_t i = 0; i < cpu.control.size(); ++i) put(note_control + i * 8, cpu.control[i]);
    put(note_other_base, cpu.other_gs_base);
    return note;
}

}  // namespace postmortem
