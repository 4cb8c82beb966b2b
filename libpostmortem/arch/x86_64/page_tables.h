// x86_64 page tables: 4 or 5 levels, 4 KiB, 2 MiB and 1 GiB pages, AMD's memory-encryption bit.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::x86_64 {

/// What a walk needs; `kernel/` fills it from VMCOREINFO.
struct PageTableParams {
    std::uint64_t root = 0;    ///< physical address of the top table (init_top_pgt, or CR3 without its flags)
    bool five_levels = false;  ///< pgtable_l5_enabled
    std::uint64_t sme_mask =
        0;              ///< the address bit that marks encrypted memory (sme_me_mask); 0 where unused
    bool user = false;  ///< the tables of a process
};

/// __swp_type() and __swp_offset() (arch/x86/include/asm/pgtable_64.h): since 4.18 (6b28baca9b1f), and in
/// kernels that took it over, inverted; before, since 4.8 (00839ee3b299), beside one another; and the oldest.
inline constexpr SwapEntryForm swap_entries[] = {
    {.area = {59, 5}, .page = {9, 50}, .inverted = true},
    {.area = {9, 5}, .page = {14, 50}},
    {.area = {1, 5}, .page = {9, 55}},
};

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// `physical` must outlive the walker.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

}  // namespace postmortem::x86_64
