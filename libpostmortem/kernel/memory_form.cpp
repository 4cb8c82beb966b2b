#include "kernel/memory_form.h"

#include <bit>

namespace postmortem {

std::optional<MemoryForm> other_memory_form(const Arch& arch, const PhysicalMemory& physical,
                                            const VmcoreInfo& info) {
    constexpr std::uint64_t smallest_page = 4096, largest_page = 64 * 1024;
    const auto order = arch.memory.byte_order;
    if (!order) return std::nullopt;
    const DumpFile& dump = physical.dump();
    MemoryForm form{dump.page_size(), order(physical, info).value_or(dump.endian())};
    const auto told = info.decimal("PAGESIZE");
    if (told && std::has_single_bit(*told) && *told >= smallest_page && *told <= largest_page)
        form.page_size = static_cast<std::uint32_t>(*told);
    const bool same = form.page_size == dump.page_size() && form.endian == dump.endian();
    return same ? std::nullopt : std::optional(form);
}

}  // namespace postmortem
