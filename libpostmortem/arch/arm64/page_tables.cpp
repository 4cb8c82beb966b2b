#include "arch/arm64/page_tables.h"

#include <array>

#include "arch/radix_walker.h"

namespace postmortem::arm64 {
namespace {

// Arm ARM (DDI 0487), D8.3 "Translation table descriptor formats"; Linux: arch/arm64/include/asm/
// pgtable-hwdef.h.
constexpr std::uint64_t valid = 1;
constexpr std::uint64_t kind_bits = 3;
constexpr std::uint64_t table_or_page = 3;

constexpr std::uint64_t ones(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// A page that the kernel keeps and lets no program touch: PROT_NONE, or watched by NUMA balancing. It is not
// valid, and its second bit stays as it was; of a block, which never had that bit, one of its own is set
// (58, PTE_PROT_NONE), since 6.11 that of pages that are present all the same (11, PTE_PRESENT_INVALID),
// beside those that keep everybody from executing it.
bool is_kept_from_user(std::uint64_t entry) {
    constexpr std::uint64_t prot_none = std::uint64_t{1} << 58;
    constexpr std::uint64_t present_invalid = 1u << 11 | std::uint64_t{3} << 53;
    const bool page = (entry & kind_bits) == (table_or_page & ~valid);
    const bool block = (entry & kind_bits) == 0 &&
                       ((entry & prot_none) != 0 || (entry & present_invalid) == present_invalid);
    return page || block;
}

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root, levels_of(params)),
          page_shift_(params.page_shift),
          va_bits_(params.va_bits),
          lpa2_(params.lpa2),
          user_(params.user) {}

  private:
    static std::vector<Level> levels_of(const PageTableParams& params) {
        const unsigned bits = params.page_shift - 3;
        const unsigned count = (params.va_bits - params.page_shift + bits - 1) / bits;
        return equal_levels(params.page_shift, bits, count, params.va_bits);
    }

    const char* refused(std::uint64_t vaddr) const override {
        if (vaddr >> va_bits_ == (user_ ? 0 : ~std::uint64_t{0} >> va_bits_)) return nullptr;
        return user_ ? "not an address of the lower half" : "not an address of the kernel's half";
    }

    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        const bool kept = user_ && is_kept_from_user(entry);
        const std::uint64_t kind = kept ? (entry | valid) & kind_bits : entry & kind_bits;
        const bool block = kind == valid && below >= 1 && below <= most_below_block();
        const bool page = kind == table_or_page && below == 0;
        const bool points_on = kind == table_or_page && !kept;
        return {block || page || points_on, block || below == 0, address_in(entry)};
    }

    // A block stands in for one or two levels of tables; for 2 it needs pages of 4 KiB, or addresses of 52
    // bits, for 3 both.
    unsigned most_below_block() const {
        if (page_shift_ == 12) return lpa2_ ? 3 : 2;
        return lpa2_ || page_shift_ == page_shift_64k ? 2 : 1;
    }

    // Bits 47 up to the page's size are in their place; where the rest of 52 are kept depends.
    std::uint64_t address_in(std::uint64_t entry) const {
        const std::uint64_t address = entry & ones(48) & ~ones(page_shift_);
        if (page_shift_ == page_shift_64k) return address | (entry >> 12 & 0xf) << 48;
        if (!lpa2_) return address;
        return address | (entry & (std::uint64_t{3} << 48)) | (entry >> 8 & 3) << 50;
    }

    unsigned page_shift_, va_bits_;
    bool lpa2_;
    bool user_;
};

}  // namespace

// crash's names for them; Linux: arch/arm64/include/asm/pgtable-{hwdef,prot}.h.
PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<unsigned, std::string_view>;
    constexpr std::array bits = {Bit{6, "USER"}, Bit{8, "SHARED"}, Bit{10, "AF"},    Bit{11, "NG"},
                                 Bit{53, "PXN"}, Bit{54, "UXN"},   Bit{55, "DIRTY"}, Bit{56, "SPECIAL"}};
    constexpr std::uint64_t read_only = 1u << 7;
    PageEntry told{(entry & valid) != 0 || is_kept_from_user(entry), 0, {}};
    if (!told.present) return told;
    told.physical = entry & ones(48) & ~ones(12);
    told.flags.push_back(entry & valid ? "VALID" : "PROT_NONE");
    told.flags.push_back(entry & read_only ? "RDONLY" : "RW");
    for (const auto& [bit, name] : bits)
        if (entry >> bit & 1) told.flags.push_back(name);
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

}  // namespace postmortem::arm64
