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
std::optional<PageArray> flat_array(const Kernel& kernel, std::uint64_t size) {
    if (!has_flat_memory_map(kernel)) return std::nullopt;
    const Object data = kernel.object("pglist_data", kernel.symbol("contig_page_data").value_or(0));
    const auto map = data["node_mem_map"].u64(), first = data["node_start_pfn"].u64(),
               count = data["node_spanned_pages"].u64();
    if (!map || !first || !count) return std::nullopt;
    return PageArray{*first, *count, *map - *first * size};
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
    if (const auto flat = flat_array(kernel, size)) return std::vector{*flat};
    if (!told) return fail(told.error());
    return fail(ErrorCode::Unsupported, "where this kernel keeps its page structs is not known");
}

// A page type since 6.10 (46df8e73a4a3): one bit cleared in a word that begins with 0xf, and since 6.12
// (4ffca5a96678) a number in the highest byte, which VMCOREINFO tells shifted; before, a flag.
Result<SlabMark> find_slab_mark(const Kernel& kernel) {
    constexpr std::uint32_t numbered = 0x00ffffff, no_type = 0xf0000000;
    std::optional<Error> missing;
    const FieldFinder find(kernel.types(), missing);
    SlabMark mark;
    std::optional<std::int64_t> coded = kernel.vmcoreinfo().number("PAGE_SLAB_MAPCOUNT_VALUE");
    if (!coded)
        if (const auto type = kernel.types().enumerator("pagetype", "PGTY_slab")) coded = *type << 24;
    if (coded) {
        const auto value = static_cast<std::uint32_t>(*coded);
        mark.field = find("page", {"page_type"});
        mark.mask = (value & numbered) == 0 ? ~numbered : no_type | ~value;
        mark.value = (value & numbered) == 0 ? value : no_type;
    } else {
        auto bit = kernel.vmcoreinfo().number("PG_slab");
        if (!bit)
            if (const auto named = kernel.types().enumerator("pageflags", "PG_slab")) bit = *named;
        if (!bit || *bit < 0 || *bit > 63)
            return fail(ErrorCode::Unsupported, "how this kernel marks pages of slabs is not known");
        mark.field = find("page", {"flags.f", "flags"});  // a struct since 6.18
        mark.mask = mark.value = std::uint64_t{1} << *bit;
    }
    if (missing) return fail(std::move(*missing));
    return mark;
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
    PageStructs pages(kernel, *compound, find_slab_mark(kernel));
    pages.arrays_ = std::move(*arrays);
    pages.size_ = *size;
    pages.frames_ = kernel.dump().info().max_pfn;
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
    if (!slab_mark_) return fail(slab_mark_.error());
    const auto bits = slab_mark_->field.u64(kernel_->memory(), page);
    return bits ? Result<bool>((*bits & slab_mark_->mask) == slab_mark_->value) : fail(bits.error());
}

}  // namespace postmortem
