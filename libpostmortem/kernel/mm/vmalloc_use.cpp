#include "kernel/mm/vmalloc_use.h"

#include <algorithm>

#include "kernel/kernel_bases.h"
#include "kernel/lists.h"
#include "kernel/mm/vmalloc_areas.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_areas = 1u << 21;
// VM_LAZY_FREE and VM_LAZY_FREEING (mm/vmalloc.c, 2.6.28 to 4.12): given back, and still in the list.
constexpr std::uint64_t given_back = 0x1 | 0x2;

struct Span {
    std::uint64_t start = 0, end = 0;
};

Result<std::vector<Span>> areas_in_use(const Kernel& kernel, std::uint64_t head) {
    std::optional<Error> missing;
    const FieldFinder find(kernel.types(), missing);
    const Field link = find("vmap_area", {"list"}), start = find("vmap_area", {"va_start"}),
                end = find("vmap_area", {"va_end"}), flags = find("vmap_area", {"flags"});
    if (missing) return fail(std::move(*missing));
    const AddressSpace& memory = kernel.memory();
    std::vector<Span> spans;
    std::optional<Error> lost;
    const auto walked = for_each_list_node(
        memory, head,
        [&](std::uint64_t node) {
            const std::uint64_t area = node - link.offset();
            const auto from = start.u64(memory, area), to = end.u64(memory, area),
                       state = flags.u64(memory, area);
            if (!from || !to || !state) {
                lost = !from ? from.error() : !to ? to.error() : state.error();
                return false;
            }
            if ((*state & given_back) == 0) spans.push_back({*from, *to});
            return true;
        },
        most_areas);
    if (!walked) return fail(walked.error());
    if (lost) return fail(std::move(*lost));
    return spans;
}

// While the structs formed a chain that is what was added up.
Result<std::vector<Span>> structs_in_chain(const Kernel& kernel) {
    const VmallocAreas found = read_vmalloc_areas(kernel);
    if (!found.problems.empty()) return fail(found.problems.front());
    std::vector<Span> spans;
    for (const VmallocArea& area : found.areas)
        spans.push_back({area.address, area.address + std::min(area.bytes, ~area.address)});
    return spans;
}

}  // namespace

Result<VmallocUse> read_vmalloc_use(const Kernel& kernel) {
    const auto start = base_address(kernel, "KERNEL VMALLOC BASE"), bytes = vmalloc_space(kernel);
    if (!start) return fail(start.error());
    if (!bytes) return fail(bytes.error());
    const auto list = kernel.symbol("vmap_area_list");
    const bool chained = kernel.symbol("vmlist").has_value();
    if (!chained && !list) return fail(list.error());
    const auto spans = chained ? structs_in_chain(kernel) : areas_in_use(kernel, *list);
    if (!spans) return fail(spans.error());
    const std::uint64_t limit = *start + *bytes;
    VmallocUse use;
    std::uint64_t behind = *start;
    const auto hole_until = [&](std::uint64_t address) {
        if (address > behind) use.largest_chunk = std::max(use.largest_chunk, address - behind);
    };
    for (const Span& span : *spans) {
        if (span.start < *start) continue;
        if (span.start >= limit) break;
        if (span.end < span.start) return fail(ErrorCode::Corrupt, "a vmalloc area ends before it begins");
        use.used_bytes += span.end - span.start;
        hole_until(span.start);
        behind = span.end;
    }
    hole_until(limit);
    return use;
}

}  // namespace postmortem
