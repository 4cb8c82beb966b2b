// riscv64 page tables: Sv39, Sv48 and Sv57, three to five levels of 64-bit entries for pages of 4 KiB.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::riscv64 {

struct PageTableParams {
    std::uint64_t root = 0;  ///< physical address of swapper_pg_dir, or of a process's pgd
    unsigned va_bits = 39;   ///< 39, 48 or 57
    bool user = false;       ///< the lower half, of a process
};

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// __swp_type() and __swp_offset() (arch/riscv/include/asm/pgtable.h): since 6.3, with a mark of exclusive
/// pages below; before.
inline constexpr SwapEntryForm swap_entries[] = {
    {.area = {7, 5}, .page = {12, 52}},
    {.area = {6, 5}, .page = {11, 53}},
};

/// `physical` must outlive the walker. The parameters are possible ones.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

}  // namespace postmortem::riscv64
