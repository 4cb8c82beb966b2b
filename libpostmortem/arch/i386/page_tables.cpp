#include "arch/i386/page_tables.h"

#include <array>
#include <span>

#include <fmt/format.h>

#include "arch/x86/entry_flags.h"

namespace postmortem::i386 {
namespace {

// Intel SDM volume 3A, chapters 4.3 and 4.4; Linux: arch/x86/include/asm/pgtable-{2,3}level_types.h.
constexpr std::uint64_t present = 1u << 0;
constexpr std::uint64_t large = 1u << 7;
constexpr std::uint64_t highest_address = 0xffffffff;
constexpr std::uint64_t pae_address_bits = 0x000ffffffffff000ull;
constexpr std::uint64_t plain_address_bits = 0xfffff000;

struct Level {
    unsigned shift;
    unsigned bits;
    bool may_be_leaf;  ///< where the entry says so; the last level always is
};

constexpr Level plain_levels[] = {{22, 10, true}, {12, 10, true}};
// The four entries of the top level only ever point on.
constexpr Level pae_levels[] = {{30, 2, false}, {21, 9, true}, {12, 9, true}};

// PSE-36: a 4 MiB page keeps bits 39:32 of its address in bits 20:13 of the entry.
std::uint64_t plain_large_frame(std::uint64_t entry) {
    return (entry & 0xffc00000) | (entry >> 13 & 0xff) << 32;
}

class Walker final : public PageTableWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : physical_(physical), root_(params.root), pae_(params.pae) {}

    Result<std::uint64_t> address_of_table(std::uint64_t first, std::uint64_t wanted) const {
        const std::uint64_t step = std::uint64_t{1} << levels()[levels().size() - 2].shift;
        for (std::uint64_t vaddr = first & ~(step - 1); vaddr <= highest_address; vaddr += step)
            if (const auto table = lowest_table(vaddr); table && *table == wanted) return vaddr;
        return fail(ErrorCode::NotFound, "the page tables do not use that table", wanted);
    }

    Result<Translation> walk(std::uint64_t vaddr) const override {
        const auto end = descend(vaddr);
        if (!end) return fail(end.error());
        if (!(end->entry & present))
            return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
        return leaf(end->entry, std::uint64_t{1} << end->level->shift, end->level == &levels().back(), vaddr);
    }

    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const override {
        return descend(vaddr).map([](const End& end) { return end.entry; });
    }

    Result<TableWalk> steps(std::uint64_t vaddr) const override {
        TableWalk way{static_cast<std::uint32_t>(levels().size()), {}};
        if (auto end = descend(vaddr, &way.steps); !end) return fail(std::move(end.error()));
        return way;
    }

  private:
    struct End {
        std::uint64_t entry;
        const Level* level;
    };

    // Where the way down ends: at a page, or at an entry that is not present.
    Result<End> descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way = nullptr) const {
        if (vaddr > highest_address) return fail(ErrorCode::NotMapped, "not an address of 32 bits", vaddr);
        std::uint64_t table = root_;
        for (const Level& level : levels()) {
            const std::uint64_t index = vaddr >> level.shift & ((1u << level.bits) - 1);
            const auto entry = read_entry(table, index);
            if (!entry) {
                Error error = entry.error();
                error.message =
                    fmt::format("the page table at physical {:#x} cannot be read: {}", table, error.message);
                return fail(std::move(error));
            }
            const bool last = &level == &levels().back();
            if (way)
                way->push_back({table + index * (pae_ ? 8 : 4), *entry,
                                static_cast<std::uint32_t>(&levels().back() - &level + 1),
                                1ull << level.shift, last || (level.may_be_leaf && (*entry & large) != 0)});
            if (!(*entry & present) || last || (level.may_be_leaf && (*entry & large)))
                return End{*entry, &level};
            table = *entry & address_bits();
        }
        return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
    }

    std::span<const Level> levels() const { return pae_ ? std::span<const Level>(pae_levels) : plain_levels; }

    /// Nothing where a large page or none is mapped, or a table is lost.
    std::optional<std::uint64_t> lowest_table(std::uint64_t vaddr) const {
        std::uint64_t table = root_;
        for (const Level& level : levels().first(levels().size() - 1)) {
            const auto entry = read_entry(table, vaddr >> level.shift & ((1u << level.bits) - 1));
            if (!entry || !(*entry & present) || (level.may_be_leaf && (*entry & large))) return std::nullopt;
            table = *entry & address_bits();
        }
        return table;
    }

    std::uint64_t address_bits() const { return pae_ ? pae_address_bits : plain_address_bits; }

    Result<std::uint64_t> read_entry(std::uint64_t table, std::uint64_t index) const {
        if (pae_) return physical_.get<std::uint64_t>(table + index * 8);
        return physical_.get<std::uint32_t>(table + index * 4).map([](std::uint32_t entry) {
            return std::uint64_t{entry};
        });
    }

    Translation leaf(std::uint64_t entry, std::uint64_t size, bool small, std::uint64_t vaddr) const {
        const std::uint64_t frame =
            pae_ || small ? entry & address_bits() & ~(size - 1) : plain_large_frame(entry);
        return {frame | (vaddr & (size - 1)), size};
    }

    const PhysicalMemory& physical_;
    std::uint64_t root_;
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
