#include "kernel/mm/page_structs.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "kernel/mm/memory_sections.h"

namespace postmortem {
namespace {

PageArray one_array(std::uint64_t base) {
    return {0, std::numeric_limits<std::uint64_t>::max(), base};
}

// Every section says where the struct page of frame 0 would lie: where all of them agree, it is one array,
// whatever memory is behind them. Others have been given room one by one.
std::vector<PageArray> arrays_of_sections(const Kernel& kernel) {
    const auto sections = read_memory_sections(kernel);
    std::vector<PageArray> arrays;
    if (!sections) return arrays;
    for (const MemorySection& section : sections->present) {
        const PageArray own{section.first_pfn, sections->pages_of_each, section.coded_mem_map()};
        const bool goes_on = !arrays.empty() && arrays.back().base == own.base &&
                             arrays.back().first_frame + arrays.back().count == own.first_frame;
        if (goes_on)
            arrays.back().count += own.count;
        else
            arrays.push_back(own);
    }
    const bool agree = std::ranges::all_of(
        arrays, [&](const PageArray& array) { return array.base == arrays.front().base; });
    if (agree && !arrays.empty()) arrays = {one_array(arrays.front().base)};
    return arrays;
}

// CONFIG_FLATMEM: one array, whose first element is of the first frame of memory (mm/mm_init.c,
// alloc_node_mem_map()).
std::optional<std::uint64_t> base_of_flat_map(const Kernel& kernel, std::uint64_t size) {
    if (!has_flat_memory_map(kernel)) return std::nullopt;
    const Object data = kernel.object("pglist_data", kernel.symbol("contig_page_data").value_or(0));
    const auto map = data["node_mem_map"].u64(), first = data["node_start_pfn"].u64();
    if (!map || !first) return std::nullopt;
    return *map - *first * size;
}

// Where one array has them all that memory could have.
Result<std::optional<std::uint64_t>> base_told(const Kernel& kernel, std::uint64_t size) {
    const auto told = kernel.word("vmemmap_base");
    if (told) return std::optional(*told);
    if (told.error().code != ErrorCode::NotFound) return fail(told.error());
    // Told since 6.13 or so, whatever keeps it in the kernel.
    if (const auto array = kernel.vmcoreinfo().symbol("vmemmap")) return std::optional(*array);
    const MemoryLayout& layout = kernel.arch().memory;
    if (!layout.page_structs) return std::optional<std::uint64_t>();
    std::optional<std::uint64_t> first;
    if (layout.first_page_struct)
        if (const auto value = kernel.word(layout.first_page_struct)) first = *value;
    return layout.page_structs(kernel.vmcoreinfo(), first, size);
}

Result<std::vector<PageArray>> arrays_of(const Kernel& kernel, std::uint64_t size) {
    const auto told = base_told(kernel, size);
    if (told && *told) return std::vector{one_array(**told)};
    auto arrays = arrays_of_sections(kernel);
    if (!arrays.empty()) return arrays;
    if (const auto flat = base_of_flat_map(kernel, size)) return std::vector{one_array(*flat)};
    if (!told) return fail(told.error());
    return fail(ErrorCode::Unsupported, "where this kernel keeps its page structs is not known");
}

}  // namespace

Result<PageStructs> PageStructs::open(const Kernel& kernel) {
    const auto size = kernel.types().size_of("page");
    if (!size) return fail(size.error());
    if (*size == 0) return fail(ErrorCode::Corrupt, "a struct page has no size");
    auto arrays = arrays_of(kernel, *size);
    if (!arrays) return fail(std::move(arrays.error()));
    const auto compound = CompoundPages::find(kernel);
    if (!compound) return fail(compound.error());
    PageStructs pages(kernel, *compound);
    pages.arrays_ = std::move(*arrays);
    pages.size_ = *size;
    pages.frames_ = kernel.dump().info().max_pfn;
    const TypeFinder& types = kernel.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    pages.flags_ = find("page", {"flags.f", "flags"});  // a struct since 6.18
    if (missing) return fail(std::move(*missing));
    pages.page_type_ = Field::find(types, "page", {"page_type"}).value_or(Field());
    // A type of its own in place of a flag since 6.11 (46df8e73a4a3); numbered in the highest byte
    // since 6.12.
    if (const auto bit = types.enumerator("pageflags", "PG_slab")) pages.slab_bit_ = *bit;
    if (const auto type = types.enumerator("pagetype", "PGTY_slab")) pages.slab_type_ = *type;
    return pages;
}

Result<std::uint64_t> PageStructs::of_frame(std::uint64_t frame) const {
    const auto behind = std::ranges::upper_bound(arrays_, frame, {}, &PageArray::first_frame);
    if (behind != arrays_.begin())
        if (const PageArray& array = *std::prev(behind); frame - array.first_frame < array.count)
            return array.base + frame * size_;
    return fail(ErrorCode::NotFound, "no struct page stands for this memory",
                frame * kernel_->dump().page_size());
}

std::optional<std::uint64_t> PageStructs::frame_of(std::uint64_t page) const {
    for (const PageArray& array : arrays_) {
        if (page < array.base || (page - array.base) % size_ != 0) continue;
        const std::uint64_t frame = (page - array.base) / size_;
        if (frame < frames_ && frame >= array.first_frame && frame - array.first_frame < array.count)
            return frame;
    }
    return std::nullopt;
}

Result<std::uint64_t> PageStructs::head_of(std::uint64_t page) const {
    const auto head = compound_.head_of(page);
    if (head && *head != page && !frame_of(*head))
        return fail(ErrorCode::Corrupt, "a page names something else as the head that it belongs to", page);
    return head;
}

Result<bool> PageStructs::is_slab(std::uint64_t page) const {
    if (slab_type_) {
        const auto type = page_type_.u64(kernel_->memory(), page);
        return type ? Result<bool>((*type >> 24 & 0xff) == static_cast<std::uint64_t>(*slab_type_))
                    : fail(type.error());
    }
    if (!slab_bit_ || *slab_bit_ < 0 || *slab_bit_ > 63)
        return fail(ErrorCode::Unsupported, "how this kernel marks pages of slabs is not known");
    const auto flags = flags_.u64(kernel_->memory(), page);
    return flags ? Result<bool>((*flags >> *slab_bit_ & 1) != 0) : fail(flags.error());
}

}  // namespace postmortem
