// arm64 page tables, of the kernel's half or a process's: pages of 4, 16 or 64 KiB, addresses of 39 to 52
// bits, one to five levels of 64-bit entries.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::arm64 {

constexpr unsigned page_shift_64k = 16;
constexpr std::uint32_t page_sizes = 4096 | 16384 | 65536;

struct PageTableParams {
    std::uint64_t root = 0;    ///< physical address of swapper_pg_dir
    unsigned page_shift = 12;  ///< 12, 14 or 16
    unsigned va_bits = 48;     ///< that the root was laid out for
    /// FEAT_LPA2: entries for pages of 4 and 16 KiB hold addresses of 52 bits. Those for 64 KiB have room for
    /// them in any case.
    bool lpa2 = false;
    bool user = false;  ///< the lower half, of a process
};

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// __swp_type() and __swp_offset() (arch/arm64/include/asm/pgtable.h): since 6.11, which moved the mark of
/// pages that are present and not valid; since 5.19 (570ef363509b); before.
inline constexpr SwapEntryForm swap_entries[] = {
    {.area = {6, 5}, .page = {12, 50}, .marks_exclusive = true},
    {.area = {3, 5}, .page = {8, 50}, .marks_exclusive = true},
    {.area = {2, 6}, .page = {8, 50}, .marks_exclusive = false},
};

/// `physical` must outlive the walker. The parameters are possible ones.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

}  // namespace postmortem::arm64
