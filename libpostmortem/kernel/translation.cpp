#include "kernel/translation.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/checked.h"
#include "kernel/kernel_bases.h"

namespace postmortem {

Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const Arch& arch, const PhysicalMemory& physical,
                                                         const VmcoreInfo& info) {
    auto mapping = arch.memory.map_kernel(physical, info);
    if (!mapping) return fail(std::move(mapping.error()));
    auto memory = std::make_unique<AddressSpace>(physical, std::move(mapping->walker),
                                                 std::move(mapping->linear), arch.word_size);
    if (mapping->all_memory) memory->set_direct_map(*mapping->all_memory);
    return memory;
}

namespace {

// The map ends where high memory would begin, and has as many pages as there are low ones.
void learn_low_memory(const MemoryLayout& layout, const AddressSpace& memory, const SymbolTable& symbols) {
    const auto end_at = symbols.address_of(layout.direct_map_end),
               pages_at = symbols.address_of(layout.direct_map_pages);
    if (!end_at || !pages_at) return;
    const auto end = memory.word(*end_at), pages = memory.word(*pages_at);
    const std::uint64_t page_size = memory.physical().dump().page_size();
    if (!end || !pages || *pages == 0 || *end % page_size != 0) return;
    const auto bytes = checked_mul(*pages, page_size);
    if (bytes && *bytes <= *end && *end - *bytes >= layout.lowest_kernel_address)
        memory.set_direct_map({*end - *bytes, *end - 1, 0});
}

// A kernel without the variable has it at an address that was fixed when it was built.
Result<std::uint64_t> direct_map_base(const MemoryLayout& layout, const AddressSpace& memory,
                                      const VmcoreInfo& info, const SymbolTable& symbols) {
    const auto place = symbols.address_of(layout.direct_map);
    if (place) return memory.word(*place);
    if (place.error().code == ErrorCode::NotFound && layout.bases)
        for (const KernelBase& base : layout.bases(info))
            if (base.variable && std::string_view(base.variable) == layout.direct_map)
                if (const auto mapped = mapped_at(memory, base)) return *mapped;
    return fail(place.error());
}

}  // namespace

void learn_direct_map(const Arch& arch, const AddressSpace& memory, const VmcoreInfo& info,
                      const SymbolTable& symbols) {
    if (arch.memory.direct_map_end) return learn_low_memory(arch.memory, memory, symbols);
    if (!arch.memory.direct_map) return;
    const auto base = direct_map_base(arch.memory, memory, info, symbols);
    const DumpFile& dump = memory.physical().dump();
    const auto bytes = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!base || *base < arch.memory.lowest_kernel_address || *base % dump.page_size() != 0) return;
    if (!bytes || *bytes == 0) return;
    const auto last = checked_add(*base, *bytes - 1);
    if (last) memory.set_direct_map({*base, *last, 0});
}

void learn_tags(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols) {
    const auto& taggers = arch.memory.taggers;
    if (std::any_of(taggers.begin(), taggers.end(),
                    [&](const char* name) { return symbols.address_of(name).has_value(); }))
        memory.ignore_tags(arch.memory.tag_bits);
}

}  // namespace postmortem
