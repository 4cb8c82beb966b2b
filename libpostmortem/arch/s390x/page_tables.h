// s390x page tables (z/Architecture Principles of Operation, "Dynamic Address Translation"): one to three
// levels of region tables, segments of 1 MiB, pages of 4 KiB. Entries say which level's they are.
#pragma once

#include <memory>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::s390x {

/// How many levels lie below and at a table that begins with this entry: 2 for one of segments, up to 5.
unsigned levels_of(std::uint64_t first_entry);

struct PageTableParams {
    std::uint64_t root = 0;  ///< physical address of the top table
    unsigned levels = 3;     ///< 2 to 5
    bool user = false;       ///< of a process: what it has not touched lately is not valid, yet present
};

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// mk_swap_pte() (arch/s390/include/asm/pgtable.h).
inline constexpr SwapEntryForm swap_entries[] = {{.area = {2, 5}, .page = {12, 52}}};

/// `physical` must outlive the walker. The parameters are possible ones.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

}  // namespace postmortem::s390x
