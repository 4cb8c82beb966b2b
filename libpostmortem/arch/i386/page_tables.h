// i386 page tables: two levels of 32-bit entries with pages of 4 KiB and 4 MiB, or with PAE three levels of
// 64-bit entries with pages of 4 KiB and 2 MiB.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::i386 {

struct PageTableParams {
    std::uint64_t root = 0;  ///< physical address of swapper_pg_dir, or CR3 without its flags
    bool pae = false;
};

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// __swp_type() and __swp_offset() (arch/x86/include/asm/pgtable-{3,2}level.h): with PAE since 4.18 as on
/// x86_64, before in the upper half; of two levels.
inline constexpr SwapEntryForm swap_entries[] = {
    {.area = {59, 5}, .page = {9, 50}, .inverted = true},
    {.area = {32, 5}, .page = {37, 27}},
    {.area = {1, 5}, .page = {9, 23}},
};

/// `physical` must outlive the walker.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

/// The first address that a lowest table at physical `table` maps; from `first` up.
Result<std::uint64_t> address_of_table(const PhysicalMemory& physical, const PageTableParams& params,
                                       std::uint64_t first, std::uint64_t table);

}  // namespace postmortem::i386
