#include "arch/x86_64/page_tables.h"

#include <fmt/format.h>

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
constexpr unsigned entries_per_table = 1u << bits_per_level;

class Walker final : public PageTableWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : physical_(physical),
          root_(params.root & address_bits & ~params.sme_mask),
          levels_(params.five_levels ? 5 : 4),
          frame_mask_(address_bits & ~params.sme_mask),
          user_(params.user) {}

    Result<Translation> walk(std::uint64_t vaddr) const override {
        const auto end = descend(vaddr);
        if (!end) return fail(end.error());
        if (!is_mapped(*end)) return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
        const std::uint64_t size = 1ull << end->shift;
        return Translation{(frame_bits(end->entry) & ~(size - 1)) | (vaddr & (size - 1)), size};
    }

    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const override {
        return descend(vaddr).map([](const End& end) { return end.entry; });
    }

    Result<TableWalk> steps(std::uint64_t vaddr) const override {
        TableWalk way{static_cast<std::uint32_t>(levels_), {}};
        if (auto end = descend(vaddr, &way.steps); !end) return fail(std::move(end.error()));
        return way;
    }

  private:
    struct End {
        std::uint64_t entry;
        unsigned shift;  ///< of what one entry of that level maps
        bool leaf;       ///< a page, and no table
    };

    // Where the way down ends: at a page, or at an entry that is not present.
    Result<End> descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way = nullptr) const {
        if (!canonical(vaddr)) return fail(ErrorCode::NotMapped, "not a canonical address", vaddr);
        std::uint64_t table = root_;
        for (int level = levels_;; --level) {
            const unsigned shift = page_shift + bits_per_level * static_cast<unsigned>(level - 1);
            const std::uint64_t slot = table + ((vaddr >> shift) & (entries_per_table - 1)) * 8;
            auto entry = physical_.get<std::uint64_t>(slot);
            if (!entry) {
                entry.error().message =
                    fmt::format("a level-{} page table at physical {:#x} cannot be read: {}", level, table,
                                entry.error().message);
                return fail(std::move(entry.error()));
            }
            const bool leaf = level == 1 || (level <= 3 && (*entry & page_size_bit));
            if (way) way->push_back({slot, *entry, static_cast<std::uint32_t>(level), 1ull << shift, leaf});
            if (leaf || !(*entry & present)) return End{*entry, shift, leaf};
            table = *entry & frame_mask_;
        }
    }

    bool is_mapped(const End& end) const {
        return (end.entry & present) != 0 || (user_ && end.leaf && (end.entry & kept_from_user) != 0);
    }

    // Since 4.18 (6b28baca9b1f) an entry that is not present has its address inverted, so that no CPU
    // speculates on it.
    std::uint64_t frame_bits(std::uint64_t entry) const {
        const bool inverted = (entry & present) == 0 && (entry & highest_address_bit) != 0;
        return (inverted ? ~entry : entry) & frame_mask_;
    }

    bool canonical(std::uint64_t vaddr) const {
        const unsigned bits = page_shift + bits_per_level * static_cast<unsigned>(levels_);
        const std::uint64_t upper = vaddr >> (bits - 1);
        return upper == 0 || upper == (~0ull >> (bits - 1));
    }

    const PhysicalMemory& physical_;
    std::uint64_t root_;
    int levels_;
    std::uint64_t frame_mask_;
    bool user_;
};

}  // namespace

std::uint64_t swap_area(std::uint64_t entry) {
    return entry >> 59;
}

std::uint64_t swap_page(std::uint64_t entry) {
    return ~entry << 5 >> 14;
}

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
