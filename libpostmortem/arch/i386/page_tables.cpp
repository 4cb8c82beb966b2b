#include "arch/i386/page_tables.h"

#include "arch/radix_walker.h"
#include "arch/x86/entry_flags.h"

namespace postmortem::i386 {
namespace {

// Intel SDM volume 3A, chapters 4.3 and 4.4; Linux: arch/x86/include/asm/pgtable-{2,3}level_types.h.
constexpr std::uint64_t present = 1u << 0;
constexpr std::uint64_t large = 1u << 7;
constexpr std::uint64_t highest_address = 0xffffffff;
constexpr std::uint64_t pae_address_bits = 0x000ffffffffff000ull;
constexpr std::uint64_t plain_address_bits = 0xfffff000;

// PSE-36: a 4 MiB page keeps bits 39:32 of its address in bits 20:13 of the entry.
std::uint64_t plain_large_frame(std::uint64_t entry) {
    return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
}

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root,
                      params.pae ? equal_levels(12, 9, 3, 32) : equal_levels(12, 10, 2, 32),
                      params.pae ? 8 : 4),
          pae_(params.pae) {}

    Result<std::uint64_t> address_of_table(std::uint64_t first, std::uint64_t wanted) const {
        const std::uint64_t step = std::uint64_t{1} << levels()[levels().size() - 2].shift;
        for (std::uint64_t vaddr = first & ~(step - 1); vaddr <= highest_address; vaddr += step)
            if (const auto table = lowest_table(vaddr); table && *table == wanted) return vaddr;
        return fail(ErrorCode::NotFound, "the page tables do not use that table", wanted);
    }

  private:
    const char* refused(std::uint64_t vaddr) const override {
        return vaddr > highest_address ? "not an address of 32 bits" : nullptr;
    }

    // The four entries of PAE's top level only ever point on.
    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        const bool is_large = below == 1 && (entry & large) != 0;
        const std::uint64_t address = pae_       ? entry & pae_address_bits
                                      : is_large ? plain_large_frame(entry)
                                                 : entry & plain_address_bits;
        return {(entry & present) != 0, is_large || below == 0, address};
    }

    bool pae_;
};

}  // namespace

PageEntry page_entry(std::uint64_t entry) {
    // PROT_NONE has the bit of global pages and is not present.
    constexpr std::uint64_t kept_from_user = 1u << 8;
    PageEntry told{(entry & (present | kept_from_user)) != 0, 0, {}};
    if (told.present) told.physical = entry & pae_address_bits;
    told.flags = x86::entry_flags(entry);
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

Result<std::uint64_t> address_of_table(const PhysicalMemory& physical, const PageTableParams& params,
                                       std::uint64_t first, std::uint64_t table) {
    return Walker(physical, params).address_of_table(first, table);
}

}  // namespace postmortem::i386
