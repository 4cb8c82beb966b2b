#include "kernel/kernel_bases.h"

#include <fmt/format.h>

namespace postmortem {
namespace {

// Physical memory at 1 MiB is RAM on every machine that has this map.
bool is_direct_map(const AddressSpace& memory, std::uint64_t base) {
    constexpr std::uint64_t probe = 1u << 20;
    const auto physical = memory.translate(base + probe);
    return physical && *physical == probe;
}

// Behind the low memory that alone is mapped there is a gap, and then vmalloc space (VMALLOC_START and
// VMALLOC_OFFSET, arch/x86/include/asm/pgtable_32_areas.h).
Result<std::uint64_t> behind_low_memory(const Kernel& kernel) {
    constexpr std::uint64_t gap = 8u << 20;
    const auto end = kernel.word(kernel.arch().memory.direct_map_end);
    if (!end) return end;
    return *end + gap;
}

// The page tables themselves lie in low memory.
Result<std::uint64_t> start_of_low_memory(const Kernel& kernel) {
    const auto tables = kernel.symbol("swapper_pg_dir");
    const auto place = tables ? kernel.memory().translate(*tables) : fail(tables.error());
    if (!place) return fail(place.error());
    return *tables - *place;
}

}  // namespace

std::optional<std::uint64_t> mapped_at(const AddressSpace& memory, const KernelBase& base) {
    for (const std::uint64_t known : {base.otherwise, base.older})
        if (known != 0 && is_direct_map(memory, known)) return known;
    return std::nullopt;
}

Result<std::uint64_t> address_of(const Kernel& kernel, const KernelBase& base) {
    if (!base.variable) return base.otherwise;
    const auto variable = kernel.symbol(base.variable);
    if (variable) return kernel.word(base.variable);
    if (variable.error().code != ErrorCode::NotFound) return fail(variable.error());
    if (base.older == 0) return base.otherwise;
    if (const auto mapped = mapped_at(kernel.memory(), base)) return *mapped;
    return fail(ErrorCode::NotFound,
                fmt::format("neither {:x} nor {:x} is mapped as it would be", base.otherwise, base.older));
}

Result<std::uint64_t> base_address(const Kernel& kernel, std::string_view title) {
    if (const auto bases = kernel.arch().memory.bases)
        for (const KernelBase& base : bases(kernel.vmcoreinfo()))
            if (title == base.title) return address_of(kernel, base);
    if (kernel.arch().memory.direct_map_end && title == "KERNEL VMALLOC BASE")
        return behind_low_memory(kernel);
    if (kernel.arch().memory.direct_map_end && title == "KERNEL VIRTUAL BASE")
        return start_of_low_memory(kernel);
    return fail(ErrorCode::Unsupported, fmt::format("of this architecture no {} is known", title));
}

}  // namespace postmortem
