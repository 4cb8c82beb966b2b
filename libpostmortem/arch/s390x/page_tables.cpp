#include "arch/s390x/page_tables.h"

#include <algorithm>
#include <array>

#include "arch/radix_walker.h"

namespace postmortem::s390x {
namespace {

// The manual counts bits from the left; these are masks. Linux: arch/s390/include/asm/pgtable.h.
constexpr unsigned page_shift = 12, page_bits = 8, table_bits = 11;
constexpr std::uint64_t invalid = 0x20, table_type = 0x0c, large = 0x400;
constexpr std::uint64_t table_origin = ~std::uint64_t{0xfff}, page_table_origin = ~std::uint64_t{0x7ff};
constexpr std::uint64_t page_invalid = 0x400, page_protected = 0x200;
// Linux's own, which hold where the processor was told that there is nothing: so it learns what is in use.
constexpr std::uint64_t software_present = 0x1, segment_readable = 0x2;

constexpr unsigned segment = 1, region = 2;  // levels below a segment table, and below the next one
constexpr unsigned shift_of(unsigned below) {
    return below == 0 ? page_shift : page_shift + page_bits + table_bits * (below - 1);
}

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root, levels_from(params.levels)),
          user_(params.user),
          address_bits_(std::min(64u, shift_of(params.levels - 1) + table_bits)) {}

  private:
    static std::vector<Level> levels_from(unsigned count) {
        std::vector<Level> levels;
        for (unsigned below = count; below-- > 0;)
            levels.push_back({shift_of(below), below == 0 ? page_bits : table_bits});
        return levels;
    }

    const char* refused(std::uint64_t vaddr) const override {
        return address_bits_ < 64 && vaddr >> address_bits_ != 0 ? "beyond what the page tables map"
                                                                 : nullptr;
    }

    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        if (below == 0) return {page_entry(entry).present, true, entry & table_origin, 0};
        const bool is_page = below <= region && (entry & large) != 0;
        const bool there = (entry & invalid) == 0 ||
                           (user_ && is_page && (entry & segment_readable) != 0 && below == segment);
        if (is_page) return {there, true, entry & table_origin, 0};
        return {there, false, entry & (below == segment ? page_table_origin : table_origin), 0};
    }

    bool user_;
    unsigned address_bits_;
};

}  // namespace

unsigned levels_of(std::uint64_t first_entry) {
    return 2 + static_cast<unsigned>((first_entry & table_type) >> 2);
}

PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<std::uint64_t, std::string_view>;
    constexpr std::array bits = {Bit{page_protected, "PROTECTED"},
                                 Bit{0x100, "NOEXEC"},
                                 Bit{0x080, "LARGE"},
                                 Bit{0x040, "SPECIAL"},
                                 Bit{0x020, "WRITE"},
                                 Bit{0x010, "READ"},
                                 Bit{0x008, "DIRTY"},
                                 Bit{0x004, "YOUNG"},
                                 Bit{0x002, "SOFT"}};
    PageEntry told{(entry & page_invalid) == 0 || (entry & software_present) != 0, 0, {}};
    if (!told.present) return told;
    told.physical = entry & table_origin;
    told.flags.push_back("PRESENT");
    if ((entry & page_invalid) != 0) told.flags.push_back("INVALID");
    for (const auto& [mask, name] : bits)
        if ((entry & mask) != 0) told.flags.push_back(name);
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

}  // namespace postmortem::s390x
