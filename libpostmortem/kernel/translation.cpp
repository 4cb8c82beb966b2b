#include "kernel/translation.h"

#include <elf.h>
#include <fmt/format.h>

#include "arch/x86_64/page_tables.h"
#include "base/checked.h"

namespace postmortem {
namespace {

// __START_KERNEL_map, arch/x86/include/asm/page_64_types.h.
constexpr std::uint64_t x86_64_kernel_map = 0xffffffff80000000ull;
constexpr std::uint64_t x86_64_default_image_size = 1ull << 30;

Result<std::unique_ptr<AddressSpace>> open_x86_64(const PhysicalMemory& physical, const VmcoreInfo& info) {
    // Named init_level4_pgt until 4.13; swapper_pg_dir is an alias on every release.
    std::optional<std::uint64_t> root;
    for (const char* name : {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"})
        if (!root) root = info.symbol(name);
    if (!root)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO names no page table (SYMBOL(init_top_pgt) is absent)");
    // VMCOREINFO goes before the kdump sub-header: QEMU wrote the latter wrongly for years.
    const auto claimed = info.number("phys_base");
    const std::uint64_t phys_base =
        claimed ? static_cast<std::uint64_t>(*claimed) : physical.dump().info().phys_base.value_or(0);

    x86_64::PageTableParams params;
    params.root = *root - x86_64_kernel_map + phys_base;
    params.five_levels = info.number("pgtable_l5_enabled").value_or(0) != 0;
    params.sme_mask = static_cast<std::uint64_t>(info.number("sme_mask").value_or(0));

    const std::uint64_t image_size =
        static_cast<std::uint64_t>(info.number("KERNEL_IMAGE_SIZE").value_or(x86_64_default_image_size));
    const LinearRange image{x86_64_kernel_map, x86_64_kernel_map + image_size - 1, phys_base};
    return std::make_unique<AddressSpace>(physical, x86_64::make_walker(physical, params),
                                          std::vector<LinearRange>{image});
}

// QEMU since 8.1 names the machine "Unknown" in kdump headers; what the kernel tells of itself gives it away.
std::uint16_t machine_of(const DumpFile& dump, const VmcoreInfo& info) {
    if (dump.machine() != EM_NONE) return dump.machine();
    return info.symbol("init_top_pgt") && info.number("pgtable_l5_enabled") ? EM_X86_64 : EM_NONE;
}

}  // namespace

Result<std::unique_ptr<AddressSpace>> open_kernel_memory(const PhysicalMemory& physical,
                                                         const VmcoreInfo& info) {
    const std::uint16_t machine = machine_of(physical.dump(), info);
    if (machine == EM_X86_64) return open_x86_64(physical, info);
    return fail(
        ErrorCode::Unsupported,
        fmt::format("a dump of ELF machine {}: only x86_64 is understood; `postmortem rd -p` reads its "
                    "physical memory all the same",
                    machine));
}

// page_offset_base: arch/x86/kernel/head64.c since 4.8 (021182e52fe0).
void learn_direct_map(const AddressSpace& memory, const SymbolTable& symbols) {
    const auto place = symbols.address_of("page_offset_base");
    if (!place) return;
    const auto base = memory.u64(*place);
    const DumpFile& dump = memory.physical().dump();
    const auto bytes = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    constexpr std::uint64_t kernel_half = 1ull << 63;
    if (!base || *base < kernel_half || *base % dump.page_size() != 0 || !bytes || *bytes == 0) return;
    const auto last = checked_add(*base, *bytes - 1);
    if (last) memory.set_direct_map({*base, *last, 0});
}

}  // namespace postmortem
