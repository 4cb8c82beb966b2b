#include "arch/s390x/kernel_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "arch/s390x/page_tables.h"
#include "base/checked.h"

namespace postmortem::s390x {
namespace {

// More than any image has.
constexpr std::uint64_t largest_image = 128u << 20;

// Since 6.10 (c98d2ecae08f) the image is mapped apart from all memory, and memory anywhere; before, an
// address of the kernel's is the physical one.
struct Placement {
    std::uint64_t identity = 0;  ///< where physical address 0 is mapped
    std::uint64_t image = 0;     ///< where the image begins, less what its link address is
    std::uint64_t image_physical = 0;
    bool apart = false;
};

Placement placement_of(const VmcoreInfo& info) {
    const auto image = info.hex("KERNELOFFSET"), physical = info.hex("KERNELOFFPHYS");
    if (!image || !physical) return {};
    return {info.hex("IDENTITYBASE").value_or(0), *image, *physical, true};
}

// An entry says of which level its table is, also where it maps nothing.
Result<std::unique_ptr<PageTableWalker>> walker_from(const PhysicalMemory& physical, std::uint64_t root,
                                                     bool user) {
    auto first = physical.get<std::uint64_t>(root);
    if (!first) {
        first.error().message = "the top page table cannot be read: " + first.error().message;
        return fail(std::move(first.error()));
    }
    return make_walker(physical, {root, levels_of(*first), user});
}

Result<std::unique_ptr<PageTableWalker>> kernel_tables(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                       const Placement& place) {
    const auto tables = info.symbol("swapper_pg_dir");
    if (!tables)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell where the page tables are (SYMBOL(swapper_pg_dir) is absent)");
    auto walker = walker_from(physical, *tables - place.image + place.image_physical, false);
    if (walker) return walker;
    Error why = walker.error();
    why.message = fmt::format("SYMBOL(swapper_pg_dir)={:x} in VMCOREINFO leads to no page tables: {}",
                              *tables, why.message);
    return fail(std::move(why));
}

// Nothing where it would reach beyond the last address.
std::optional<LinearRange> range_of(std::uint64_t first, std::uint64_t bytes, std::uint64_t paddr) {
    const auto last = bytes != 0 ? checked_add(first, bytes - 1) : std::nullopt;
    return last ? std::optional(LinearRange{first, *last, paddr}) : std::nullopt;
}

}  // namespace

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const Placement place = placement_of(info);
    KernelMapping mapping{kernel_tables(physical, info, place), {}};
    const DumpFile& dump = physical.dump();
    const auto memory_end = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!memory_end || *memory_end == 0) return mapping;
    if (place.apart && place.image_physical < *memory_end)
        if (const auto image =
                range_of(place.image, std::min(largest_image, *memory_end - place.image_physical),
                         place.image_physical))
            mapping.linear.push_back(*image);
    mapping.all_memory = range_of(place.identity, *memory_end, 0);
    return mapping;
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo&,
                                                  std::uint64_t root) {
    return walker_from(physical, root, true);
}

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory&, const VmcoreInfo&,
                                    std::span<const std::uint64_t> values) {
    const std::uint64_t start = values[0], end = values[1];
    if (start == 0 || end == 0)
        return fail(ErrorCode::NotFound, "this kernel does not tell where vmalloc space begins and ends");
    if (end <= start) return fail(ErrorCode::Corrupt, "vmalloc space ends before it starts", end);
    return end - start;
}

// The variable holds where the struct of frame 0 lies.
std::optional<std::uint64_t> page_structs(const VmcoreInfo&, std::optional<std::uint64_t> first,
                                          std::uint64_t) {
    return first;
}

bool recognises(const VmcoreInfo& info) {
    return info.symbol("lowcore_ptr") && info.hex("SAMODE31");
}

}  // namespace postmortem::s390x
