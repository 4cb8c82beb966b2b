// Where the struct page of a page frame lies (include/asm-generic/memory_model.h), and which one speaks for a
// compound page (include/linux/page-flags.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/compound_pages.h"
#include "object/field.h"

namespace postmortem {

/// Page structs that lie one behind the other.
struct PageArray {
    std::uint64_t first_frame = 0, count = 0;
    std::uint64_t base = 0;  ///< where that of frame 0 would lie
};

/// What a struct page of the slab allocator has in one of its members, where the mask has bits.
struct SlabMark {
    Field field;
    std::uint64_t mask = 0, value = 0;
};

class PageStructs {
  public:
    /// Unsupported where nothing says where the kernel keeps them: no variable, no line of VMCOREINFO, no
    /// sections, no single array (CONFIG_FLATMEM).
    static Result<PageStructs> open(const Kernel& kernel);

    /// NotFound where the kernel keeps none for it; told for certain where sections have arrays of their own.
    Result<std::uint64_t> of_frame(std::uint64_t frame) const;
    /// The frame of a struct page; nothing where none lies at the address.
    std::optional<std::uint64_t> frame_of(std::uint64_t page) const;
    /// Itself, where it is no tail of a compound page.
    Result<std::uint64_t> head_of(std::uint64_t page) const;
    /// Whether it belongs to the slab allocator; a head. Unsupported where nothing says how that is marked.
    Result<bool> is_slab(std::uint64_t page) const;

  private:
    PageStructs(const Kernel& kernel, CompoundPages compound, Result<SlabMark> slab_mark)
        : kernel_(&kernel), compound_(compound), slab_mark_(std::move(slab_mark)) {}

    const Kernel* kernel_;
    CompoundPages compound_;
    std::vector<PageArray> arrays_;  ///< ascending by frames, of which no two have the same
    std::uint64_t size_ = 0, frames_ = 0;
    Result<SlabMark> slab_mark_;
};

}  // namespace postmortem
