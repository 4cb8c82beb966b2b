#include "arch/ppc64/page_tables.h"

#include <array>
#include <numeric>

#include "arch/radix_walker.h"

namespace postmortem::ppc64 {
namespace {

// Power ISA, "Radix Tree Page Table Entries"; Linux: arch/powerpc/include/asm/book3s/64/{pgtable,radix}.h.
constexpr std::uint64_t valid = std::uint64_t{1} << 63, leaf_bit = std::uint64_t{1} << 62;
constexpr std::uint64_t invalidated = std::uint64_t{1} << 61;  // by Linux, while it splits a page
constexpr std::uint64_t table_size = 0x1f;
constexpr unsigned address_bits = 53;  // _PAGE_PA_MAX

constexpr std::uint64_t ones(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// What a table of each level has room for, the top one first: {radix,hash}-{4k,64k}.h.
using Shape = std::array<unsigned, 4>;
constexpr Shape shape_of(Mmu mmu, unsigned page_shift) {
    const bool small = page_shift == 12;
    if (mmu == Mmu::Radix) return small ? Shape{13, 9, 9, 9} : Shape{13, 9, 9, 5};
    return small ? Shape{9, 9, 7, 9} : Shape{8, 10, 10, 8};
}

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root, levels_from(params), 8, Endian::Big),
          params_(params),
          bits_(levels().front().shift + levels().front().bits) {}

  private:
    static std::vector<Level> levels_from(const PageTableParams& params) {
        const Shape shape = shape_of(params.mmu, params.page_shift);
        unsigned shift = params.page_shift + std::accumulate(shape.begin(), shape.end(), 0u);
        std::vector<Level> levels;
        for (const unsigned bits : shape) levels.push_back({shift -= bits, bits});
        return levels;
    }

    const char* refused(std::uint64_t vaddr) const override {
        const std::uint64_t rest = vaddr & ~ones(bits_);
        if (params_.user) return rest == 0 ? nullptr : "beyond what the page tables map";
        // Until 5.1 the hash had vmalloc space at 0xd000….
        const bool mapped = rest == 0xcull << 60 || (params_.mmu == Mmu::Hash && rest == 0xdull << 60);
        return mapped ? nullptr : "beyond what the page tables map";
    }

    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        if (below == 0 || (entry & leaf_bit) != 0) {
            const std::uint64_t frame = entry & ones(address_bits) & ~ones(params_.page_shift);
            return {(entry & (valid | invalidated)) != 0, true, frame, 0};
        }
        // The lowest bits are the size of the table; in a tree that is Linux's alone they are those of huge
        // pages of some sizes, which are not followed.
        const std::uint64_t table = entry & ~(valid | leaf_bit | ones(8));
        const bool there =
            params_.mmu == Mmu::Radix ? (entry & valid) != 0 : table != 0 && (entry & ones(8)) == 0;
        return {there, false, table, 0};
    }

    PageTableParams params_;
    unsigned bits_;
};

}  // namespace

// Entries of radix trees say how large the table is to which they lead; those of Linux's own trees do not.
Result<std::optional<Mmu>> mmu_of(const PhysicalMemory& physical, std::uint64_t root) {
    std::array<std::byte, 8 * 8192> table;
    if (auto done = physical.read(root, table); !done) return fail(std::move(done.error()));
    for (std::size_t at = 0; at < table.size(); at += 8) {
        const auto entry = load<std::uint64_t>(&table[at], Endian::Big);
        if (entry != 0) return std::optional((entry & (leaf_bit | table_size)) != 0 ? Mmu::Radix : Mmu::Hash);
    }
    return std::optional<Mmu>();
}

// As the kernel's own dump of its page tables names them (arch/powerpc/mm/ptdump/book3s64.c).
PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<std::uint64_t, std::string_view>;
    constexpr std::array bits = {Bit{0x001, "EXEC"},       Bit{0x002, "WRITE"},  Bit{0x004, "READ"},
                                 Bit{0x008, "PRIVILEGED"}, Bit{0x080, "DIRTY"},  Bit{0x100, "ACCESSED"},
                                 Bit{0x200, "SOFT_DIRTY"}, Bit{0x400, "SPECIAL"}};
    PageEntry told{(entry & (valid | invalidated)) != 0, 0, {}};
    if (!told.present) return told;
    told.physical = entry & ones(address_bits) & ~ones(12);
    told.flags.push_back((entry & valid) != 0 ? "PRESENT" : "INVALID");
    for (const auto& [mask, name] : bits)
        if ((entry & mask) != 0) told.flags.push_back(name);
    constexpr std::uint64_t kind = 0x30, non_idempotent = 0x20, tolerant = 0x30;
    if ((entry & kind) == tolerant) told.flags.push_back("TOLERANT");
    if ((entry & kind) == non_idempotent) told.flags.push_back("NON_IDEMPOTENT");
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

}  // namespace postmortem::ppc64
