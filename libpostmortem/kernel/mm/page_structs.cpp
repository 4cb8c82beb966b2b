#include "kernel/mm/page_structs.h"

#include <fmt/format.h>

#include "kernel/mm/memory_sections.h"

namespace postmortem {
namespace {

// Every section says where the struct page of frame 0 would lie: where all of them agree, it is one array.
std::optional<std::uint64_t> base_by_sections(const Kernel& kernel) {
    const auto sections = read_memory_sections(kernel);
    if (!sections || sections->present.empty()) return std::nullopt;
    const std::uint64_t base = sections->present.front().coded_mem_map();
    for (const MemorySection& section : sections->present)
        if (section.coded_mem_map() != base) return std::nullopt;
    return base;
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

Result<std::uint64_t> base_of(const Kernel& kernel, std::uint64_t size) {
    const auto told = kernel.word("vmemmap_base");
    if (told || told.error().code != ErrorCode::NotFound) return told;
    // Told since 6.13 or so, whatever keeps it in the kernel.
    if (const auto array = kernel.vmcoreinfo().symbol("vmemmap")) return *array;
    const MemoryLayout& layout = kernel.arch().memory;
    std::optional<std::uint64_t> base;
    if (layout.page_structs) {
        std::optional<std::uint64_t> first;
        if (layout.first_page_struct)
            if (const auto value = kernel.word(layout.first_page_struct)) first = *value;
        base = layout.page_structs(kernel.vmcoreinfo(), first, size);
    }
    if (!base) base = base_by_sections(kernel);
    if (!base) base = base_of_flat_map(kernel, size);
    if (!base) return fail(ErrorCode::Unsupported, "where this kernel keeps its page structs is not known");
    return *base;
}

}  // namespace

Result<PageStructs> PageStructs::open(const Kernel& kernel) {
    const auto size = kernel.types().size_of("page");
    if (!size) return fail(size.error());
    if (*size == 0) return fail(ErrorCode::Corrupt, "a struct page has no size");
    const auto base = base_of(kernel, *size);
    if (!base) return fail(base.error());
    const auto compound = CompoundPages::find(kernel);
    if (!compound) return fail(compound.error());
    PageStructs pages(kernel, *compound);
    pages.base_ = *base;
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

std::optional<std::uint64_t> PageStructs::frame_of(std::uint64_t page) const {
    if (page < base_ || (page - base_) % size_ != 0 || (page - base_) / size_ >= frames_) return std::nullopt;
    return (page - base_) / size_;
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
