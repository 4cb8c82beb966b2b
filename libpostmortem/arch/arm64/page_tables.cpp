#include "arch/arm64/page_tables.h"

#include <array>

#include <fmt/format.h>

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

class Walker final : public PageTableWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : physical_(physical),
          root_(params.root),
          page_shift_(params.page_shift),
          index_bits_(params.page_shift - 3),
          va_bits_(params.va_bits),
          lpa2_(params.lpa2),
          user_(params.user),
          levels_((params.va_bits - params.page_shift + index_bits_ - 1) / index_bits_) {}

    Result<Translation> walk(std::uint64_t vaddr) const override {
        const auto end = descend(vaddr);
        if (!end) return fail(end.error());
        if (!end->mapped) return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
        return Translation{leaf(end->entry, end->shift, vaddr), std::uint64_t{1} << end->shift};
    }

    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const override {
        return descend(vaddr).map([](const End& end) { return end.entry; });
    }

    Result<TableWalk> steps(std::uint64_t vaddr) const override {
        TableWalk way{levels_, {}};
        if (auto end = descend(vaddr, &way.steps); !end) return fail(std::move(end.error()));
        return way;
    }

  private:
    struct End {
        std::uint64_t entry;
        unsigned shift;  ///< of what one entry of that level maps
        bool mapped;
    };

    // Where the way down ends: at a page, or at an entry that is not valid.
    Result<End> descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way = nullptr) const {
        if (vaddr >> va_bits_ != (user_ ? 0 : ~std::uint64_t{0} >> va_bits_))
            return fail(ErrorCode::NotMapped,
                        user_ ? "not an address of the lower half" : "not an address of the kernel's half",
                        vaddr);
        std::uint64_t table = root_;
        for (unsigned below = levels_ - 1;; --below) {
            const unsigned shift = page_shift_ + index_bits_ * below;
            const unsigned bits = below == levels_ - 1 ? va_bits_ - shift : index_bits_;
            const std::uint64_t slot = table + (vaddr >> shift & ones(bits)) * 8;
            auto entry = physical_.get<std::uint64_t>(slot);
            if (!entry) {
                entry.error().message = fmt::format("the page table at physical {:#x} cannot be read: {}",
                                                    table, entry.error().message);
                return fail(std::move(entry.error()));
            }
            const bool block = (*entry & kind_bits) == valid && below >= 1 && below <= most_below_block();
            const bool points_on = (*entry & kind_bits) == table_or_page;
            if (way)
                way->push_back({slot, *entry, below + 1, std::uint64_t{1} << shift, block || below == 0});
            if (block || !points_on || below == 0) return End{*entry, shift, block || points_on};
            table = address_in(*entry);
        }
    }

    // A block stands in for one or two levels of tables; for 2 it needs pages of 4 KiB, or addresses of 52
    // bits, for 3 both.
    unsigned most_below_block() const {
        if (page_shift_ == 12) return lpa2_ ? 3 : 2;
        return lpa2_ || page_shift_ == page_shift_64k ? 2 : 1;
    }

    std::uint64_t leaf(std::uint64_t entry, unsigned shift, std::uint64_t vaddr) const {
        return (address_in(entry) & ~ones(shift)) | (vaddr & ones(shift));
    }

    // Bits 47 up to the page's size are in their place; where the rest of 52 are kept depends.
    std::uint64_t address_in(std::uint64_t entry) const {
        const std::uint64_t address = entry & ones(48) & ~ones(page_shift_);
        if (page_shift_ == page_shift_64k) return address | (entry >> 12 & 0xf) << 48;
        if (!lpa2_) return address;
        return address | (entry & (std::uint64_t{3} << 48)) | (entry >> 8 & 3) << 50;
    }

    const PhysicalMemory& physical_;
    std::uint64_t root_;
    unsigned page_shift_, index_bits_, va_bits_;
    bool lpa2_;
    bool user_;
    unsigned levels_;
};

}  // namespace

// crash's names for them; Linux: arch/arm64/include/asm/pgtable-{hwdef,prot}.h.
PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<unsigned, std::string_view>;
    constexpr std::array bits = {Bit{6, "USER"}, Bit{8, "SHARED"}, Bit{10, "AF"},    Bit{11, "NG"},
                                 Bit{53, "PXN"}, Bit{54, "UXN"},   Bit{55, "DIRTY"}, Bit{56, "SPECIAL"}};
    constexpr std::uint64_t prot_none = std::uint64_t{1} << 58, read_only = 1u << 7;
    PageEntry told{(entry & (valid | prot_none)) != 0, 0, {}};
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
