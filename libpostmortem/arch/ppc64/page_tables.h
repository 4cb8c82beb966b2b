// Page tables of 64-bit POWER (Power ISA, Book III, "Radix Tree Translation"), big endian whatever the kernel
// is. Where the processor looks pages up in a hash, Linux keeps a tree of its own beside, which is of another
// shape.
#pragma once

#include <memory>
#include <optional>

#include "arch/arch.h"
#include "memory/address_space.h"

namespace postmortem::ppc64 {

constexpr std::uint32_t page_sizes = 4096 | 65536;

enum class Mmu : std::uint8_t { Radix, Hash };

struct PageTableParams {
    std::uint64_t root = 0;    ///< physical address of the top table
    unsigned page_shift = 16;  ///< 12 or 16
    Mmu mmu = Mmu::Radix;
    bool user = false;
};

/// Which of the two it is, by the top table of the kernel; nothing where that maps nothing.
Result<std::optional<Mmu>> mmu_of(const PhysicalMemory& physical, std::uint64_t root);

/// What the entry of a page says.
PageEntry page_entry(std::uint64_t entry);

/// __swp_entry() (arch/powerpc/include/asm/book3s/64/pgtable.h).
inline constexpr SwapEntryForm swap_entries[] = {{.area = {0, 5}, .page = {0, 41}}};

/// `physical` must outlive the walker. The parameters are possible ones.
std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params);

}  // namespace postmortem::ppc64
