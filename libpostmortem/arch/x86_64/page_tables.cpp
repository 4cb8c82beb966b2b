#include "arch/x86_64/page_tables.h"

#include "arch/radix_walker.h"
#include "arch/x86/entry_flags.h"

namespace postmortem::x86_64 {
namespace {

// Intel SDM volume 3A, chapter 4.5; Linux: arch/x86/include/asm/pgtable_types.h.
constexpr std::uint64_t present = 1ull << 0;
constexpr std::uint64_t page_size_bit = 1ull << 7;
constexpr std::uint64_t address_bits = 0x000ffffffffff000ull;
// Of a page that the kernel keeps and lets no program touch: PROT_NONE, or watched by NUMA balancing.
constexpr std::uint64_t kept_from_user = 1ull << 8;
constexpr std::uint64_t highest_address_bit = 1ull << 51;

constexpr unsigned page_shift = 12;
constexpr unsigned bits_per_level = 9;

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root & address_bits & ~params.sme_mask,
                      equal_levels(page_shift, bits_per_level, params.five_levels ? 5 : 4, 64)),
          va_bits_(params.five_levels ? 57 : 48),
          frame_mask_(address_bits & ~params.sme_mask),
          user_(params.user) {}

  private:
    const char* refused(std::uint64_t vaddr) const override {
        const std::uint64_t upper = vaddr >> (va_bits_ - 1);
        const bool canonical = upper == 0 || upper == (~0ull >> (va_bits_ - 1));
        return canonical ? nullptr : "not a canonical address";
    }

    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        const bool leaf = below == 0 || (below <= 2 && (entry & page_size_bit) != 0);
        const bool kept = user_ && leaf && (entry & kept_from_user) != 0;
        return {(entry & present) != 0 || kept, leaf, frame_bits(entry)};
    }

    // Since 4.18 (6b28baca9b1f) an entry that is not present has its address inverted, so that no CPU
    // speculates on it.
    std::uint64_t frame_bits(std::uint64_t entry) const {
        const bool inverted = (entry & present) == 0 && (entry & highest_address_bit) != 0;
        return (inverted ? ~entry : entry) & frame_mask_;
    }

    unsigned va_bits_;
    std::uint64_t frame_mask_;
    bool user_;
};

}  // namespace

PageEntry page_entry(std::uint64_t entry) {
    PageEntry told{(entry & (present | kept_from_user)) != 0, 0, {}};
    const bool inverted = (entry & present) == 0 && (entry & highest_address_bit) != 0;
    if (told.present) told.physical = (inverted ? ~entry : entry) & address_bits;
    told.flags = x86::entry_flags(entry);
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

}  // namespace postmortem::x86_64
