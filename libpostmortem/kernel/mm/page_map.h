// From a physical address to the struct page that stands for it, as sparse memory keeps them: sections, each
// with a piece of the map (include/linux/mmzone.h, __section_mem_map_addr()).
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/kernel.h"
#include "kernel/mm/compound_pages.h"
#include "kernel/mm/memory_sections.h"

namespace postmortem {

/// Thread-safe. Borrows the kernel.
class PageMap {
  public:
    /// Unsupported where memory is not in sections, or their size is not told.
    static Result<PageMap> open(const Kernel& kernel);

    /// The address of the struct page of the frame that `paddr` lies in. NotFound where no section is there.
    Result<std::uint64_t> page_at(std::uint64_t paddr) const;
    /// The first page of the block of pages that `page` is a part of (compound_head()).
    Result<std::uint64_t> head_of(std::uint64_t page) const { return compound_.head_of(page); }

  private:
    PageMap(const AddressSpace& memory, CompoundPages compound) : memory_(memory), compound_(compound) {}

    const AddressSpace& memory_;
    CompoundPages compound_;
    std::uint64_t page_shift_ = 12;
    std::uint64_t page_size_ = 64;  ///< of a struct page
    SectionTable sections_;
    std::uint64_t map_offset_ = 0;
};

}  // namespace postmortem
