#include "kernel/translation.h"

#include "base/checked.h"

namespace postmortem {

Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const Arch& arch, const PhysicalMemory& physical,
                                                         const VmcoreInfo& info) {
    auto mapping = arch.memory.map_kernel(physical, info);
    if (!mapping) return fail(std::move(mapping.error()));
    return std::make_unique<AddressSpace>(physical, std::move(mapping->walker), std::move(mapping->linear),
                                          arch.word_size);
}

void learn_direct_map(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols) {
    if (!arch.memory.direct_map) return;
    const auto place = symbols.address_of(arch.memory.direct_map);
    if (!place) return;
    const auto base = memory.word(*place);
    const DumpFile& dump = memory.physical().dump();
    const auto bytes = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!base || *base < arch.memory.lowest_kernel_address || *base % dump.page_size() != 0) return;
    if (!bytes || *bytes == 0) return;
    const auto last = checked_add(*base, *bytes - 1);
    if (last) memory.set_direct_map({*base, *last, 0});
}

}  // namespace postmortem
