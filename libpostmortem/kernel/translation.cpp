#include "kernel/translation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include <postmortem/lost_pages.h>

#include "base/checked.h"
#include "kernel/image_place.h"
#include "kernel/kernel_bases.h"

namespace postmortem {
namespace {

bool have_release_at(const PhysicalMemory& physical, std::uint64_t place, const VmcoreInfo& info) {
    const LossesHandled nothing_is_answered_by_it;
    UtsNames names;
    return physical.read(place, names) && have_release(names, info);
}

// Where init_uts_ns is seen without tables.
std::optional<std::uint64_t> seen_names(const KernelMapping& mapping, const PhysicalMemory& physical,
                                        const VmcoreInfo& info) {
    const auto names = info.symbol("init_uts_ns");
    if (!names) return std::nullopt;
    std::vector<LinearRange> ranges = mapping.linear;
    if (mapping.all_memory) ranges.push_back(*mapping.all_memory);
    for (const LinearRange& range : ranges)
        if (const auto place = range.to_physical(*names); place && have_release_at(physical, *place, info))
            return place;
    return std::nullopt;
}

// Tables that lead past what is seen of the kernel are those of something else, or of another shape.
std::optional<Error> why_not_its_own(const PageTableWalker& walker, std::uint64_t seen_at,
                                     const PhysicalMemory& physical, const VmcoreInfo& info) {
    const std::uint64_t names = info.symbol("init_uts_ns").value_or(0);
    const auto mapped = walker.walk(names);
    const bool other = mapped ? mapped->paddr != seen_at && !have_release_at(physical, mapped->paddr, info)
                              : mapped.error().code == ErrorCode::NotMapped;
    if (!other) return std::nullopt;
    return Error(
        ErrorCode::Corrupt,
        fmt::format("what VMCOREINFO tells of the page tables leads to none of this kernel: init_uts_ns is "
                    "mapped {}, and lies at physical {:#x}",
                    mapped ? fmt::format("to physical {:#x}", mapped->paddr) : "nowhere", seen_at),
        names);
}

// What the page tables say against a map of all memory, by a thing of which they know where it lies. The
// image is mapped a second time, there, and all else there alone.
std::optional<std::string> objection(const AddressSpace& memory, const LinearRange& map,
                                     std::uint64_t thing) {
    const auto place = memory.translate_whole(thing);
    if (!place) return std::nullopt;
    const auto expected = map.to_virtual(place->paddr);
    if (expected == thing) return std::nullopt;
    const std::string would_be = fmt::format("would map physical {:#x} {}", place->paddr,
                                             expected ? fmt::format("at {:#x}", *expected) : "nowhere");
    if (!memory.is_in_linear_range(thing))
        return fmt::format("{}, which is mapped at {:#x}", would_be, thing);
    if (!expected) return fmt::format("{}, where the kernel lies", would_be);
    const auto mapped = memory.translate_whole(*expected);
    if (mapped && mapped->paddr == place->paddr) return std::nullopt;
    if (mapped) return fmt::format("{}, where the page tables map {:#x}", would_be, mapped->paddr);
    if (mapped.error().code != ErrorCode::NotMapped) return std::nullopt;
    return fmt::format("{}, where the page tables map nothing", would_be);
}

// mem_section points to where it was allocated, which is before there is anything but that map, or is a part
// of the image.
Result<LinearRange> checked_direct_map(const AddressSpace& memory, const LinearRange& map,
                                       const char* told_by, const VmcoreInfo& info) {
    if (memory.no_tables()) return map;
    const LossesHandled nothing_is_answered_by_it;
    for (const char* thing : {"init_uts_ns", "mem_section"})
        if (const auto address = info.symbol(thing))
            if (const auto against = objection(memory, map, *address))
                return fail(ErrorCode::Corrupt,
                            fmt::format("where the kernel maps all memory is not known: by {} it {}", told_by,
                                        *against));
    return map;
}

}  // namespace

Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const Arch& arch, const PhysicalMemory& physical,
                                                         const VmcoreInfo& info) {
    KernelMapping mapping = arch.memory.map_kernel(physical, info);
    const auto seen_at = seen_names(mapping, physical, info);
    if (mapping.walker && seen_at)
        if (auto why = why_not_its_own(**mapping.walker, *seen_at, physical, info))
            mapping.walker = fail(std::move(*why));
    if (!mapping.walker && !seen_at) return fail(std::move(mapping.walker.error()));
    auto memory = std::make_unique<AddressSpace>(physical, std::move(mapping.walker),
                                                 std::move(mapping.linear), arch.word_size);
    if (const auto& map = mapping.all_memory) {
        const char* const told = arch.memory.direct_map_told;
        memory->set_direct_map(told ? checked_direct_map(*memory, *map, told, info) : *map);
    }
    return memory;
}

namespace {

// The map ends where high memory would begin, and has as many pages as there are low ones.
void learn_low_memory(const MemoryLayout& layout, const AddressSpace& memory, const VmcoreInfo& info,
                      const SymbolTable& symbols) {
    const auto end_at = symbols.address_of(layout.direct_map_end),
               pages_at = symbols.address_of(layout.direct_map_pages);
    if (!end_at || !pages_at) return;
    const auto end = memory.word(*end_at), pages = memory.word(*pages_at);
    const std::uint64_t page_size = memory.physical().dump().page_size();
    if (!end || !pages || *pages == 0 || *end % page_size != 0) return;
    const auto bytes = checked_mul(*pages, page_size);
    if (bytes && *bytes <= *end && *end - *bytes >= layout.lowest_kernel_address)
        memory.set_direct_map(
            checked_direct_map(memory, {*end - *bytes, *end - 1, 0}, layout.direct_map_end, info));
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
    if (arch.memory.direct_map_end) return learn_low_memory(arch.memory, memory, info, symbols);
    if (!arch.memory.direct_map) return;
    const auto base = direct_map_base(arch.memory, memory, info, symbols);
    const DumpFile& dump = memory.physical().dump();
    const auto bytes = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!base || *base < arch.memory.lowest_kernel_address || *base % dump.page_size() != 0) return;
    if (!bytes || *bytes == 0) return;
    const auto last = checked_add(*base, *bytes - 1);
    if (last)
        memory.set_direct_map(checked_direct_map(memory, {*base, *last, 0}, arch.memory.direct_map, info));
}

void learn_tags(const Arch& arch, const AddressSpace& memory, const SymbolTable& symbols) {
    const auto& taggers = arch.memory.taggers;
    if (std::any_of(taggers.begin(), taggers.end(),
                    [&](const char* name) { return symbols.address_of(name).has_value(); }))
        memory.ignore_tags(arch.memory.tag_bits);
}

}  // namespace postmortem
