#include "kernel/memory_form.h"

#include <bit>

namespace postmortem {

std::optional<MemoryForm> other_memory_form(const Arch& arch, const PhysicalMemory& physical,
                                            const VmcoreInfo& info) {
    const auto order = arch.memory.byte_order;
    const DumpFile& dump = physical.dump();
    MemoryForm form{dump.page_size(), dump.endian()};
    if (order) form.endian = order(physical, info).value_or(form.endian);
    const auto told = info.decimal("PAGESIZE");
    if (told && std::has_single_bit(*told) && (*told & arch.memory.page_sizes) != 0)
        form.page_size = static_cast<std::uint32_t>(*told);
    const bool same = form.page_size == dump.page_size() && form.endian == dump.endian();
    return same ? std::nullopt : std::optional(form);
}

}  // namespace postmortem
