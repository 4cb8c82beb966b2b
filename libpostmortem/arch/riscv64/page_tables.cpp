#include "arch/riscv64/page_tables.h"

#include <array>

#include <fmt/format.h>

namespace postmortem::riscv64 {
namespace {

// The RISC-V Instruction Set Manual, volume II, "Supervisor-Level ISA"; Linux: arch/riscv/include/asm/
// pgtable-{64,bits}.h.
constexpr unsigned page_shift = 12, index_bits = 9, frame_shift = 10;
constexpr std::uint64_t valid = 1;
constexpr std::uint64_t leaf_bits = 0xe;  // readable, writable, executable
constexpr std::uint64_t napot = std::uint64_t{1} << 63;

constexpr std::uint64_t ones(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// Bits 53:10; those above are reserved, or say what kind of memory it is (Svpbmt).
std::uint64_t frame_of(std::uint64_t entry) {
    return entry >> frame_shift & ones(44);
}

// Svnapot: 16 pages in a row, whose entries are all alike. Some processors of T-Head have bit 63 for
// something else, and always set bit 60 (arch/riscv/include/asm/pgtable-64.h).
constexpr unsigned napot_bits = 4;
bool is_napot(std::uint64_t entry) {
    constexpr std::uint64_t t_head = std::uint64_t{1} << 60, sixteen_pages = 8;
    return (entry & napot) != 0 && (entry & t_head) == 0 &&
           (frame_of(entry) & ones(napot_bits)) == sixteen_pages;
}

class Walker final : public PageTableWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : physical_(physical),
          root_(params.root),
          va_bits_(params.va_bits),
          user_(params.user),
          levels_((params.va_bits - page_shift) / index_bits) {}

    Result<Translation> walk(std::uint64_t vaddr) const override {
        const auto end = descend(vaddr);
        if (!end) return fail(end.error());
        if (!end->mapped) return fail(ErrorCode::NotMapped, "not mapped by the page tables", vaddr);
        const std::uint64_t inside = ones(end->shift);
        const std::uint64_t start = frame_of(end->entry) << page_shift;
        return Translation{(start & ~inside) | (vaddr & inside), inside + 1};
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
        unsigned shift;  ///< of what the entry maps
        bool mapped;
    };

    // Where the way down ends: at a page, or at an entry that is not valid.
    Result<End> descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way = nullptr) const {
        if (vaddr >> (va_bits_ - 1) != (user_ ? 0 : ~std::uint64_t{0} >> (va_bits_ - 1)))
            return fail(ErrorCode::NotMapped,
                        user_ ? "not an address of the lower half" : "not an address of the kernel's half",
                        vaddr);
        std::uint64_t table = root_;
        for (unsigned below = levels_ - 1;; --below) {
            const unsigned shift = page_shift + index_bits * below;
            const std::uint64_t slot = table + (vaddr >> shift & ones(index_bits)) * 8;
            auto entry = physical_.get<std::uint64_t>(slot);
            if (!entry) {
                entry.error().message = fmt::format("the page table at physical {:#x} cannot be read: {}",
                                                    table, entry.error().message);
                return fail(std::move(entry.error()));
            }
            const bool present = (*entry & valid) != 0, leaf = present && (*entry & leaf_bits) != 0;
            if (way) way->push_back({slot, *entry, below + 1, std::uint64_t{1} << shift, leaf || below == 0});
            if (leaf || !present || below == 0)
                return End{*entry, below == 0 && is_napot(*entry) ? page_shift + napot_bits : shift, leaf};
            table = frame_of(*entry) << page_shift;
        }
    }

    const PhysicalMemory& physical_;
    std::uint64_t root_;
    unsigned va_bits_;
    bool user_;
    unsigned levels_;
};

}  // namespace

// crash's names for them; Linux: arch/riscv/include/asm/pgtable-bits.h. Of a page that its program must not
// touch only _PAGE_PROT_NONE is set, which is the bit of global ones.
PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<unsigned, std::string_view>;
    constexpr std::array bits = {Bit{8, "SOFT"}, Bit{7, "DIRTY"}, Bit{6, "ACCESSED"}, Bit{4, "USER"},
                                 Bit{3, "EXEC"}, Bit{2, "WRITE"}, Bit{1, "READ"}};
    constexpr std::uint64_t global = 1u << 5;
    PageEntry told{(entry & (valid | global)) != 0, 0, {}};
    if (!told.present) return told;
    const std::uint64_t frame = frame_of(entry);
    told.physical = (is_napot(entry) ? frame & ~ones(napot_bits) : frame) << page_shift;
    told.flags.push_back(entry & valid ? "PRESENT" : "PROT_NONE");
    if ((entry & (valid | global)) == (valid | global)) told.flags.push_back("GLOBAL");
    for (const auto& [bit, name] : bits)
        if (entry >> bit & 1) told.flags.push_back(name);
    if (is_napot(entry)) told.flags.push_back("NAPOT");
    return told;
}

std::unique_ptr<PageTableWalker> make_walker(const PhysicalMemory& physical, const PageTableParams& params) {
    return std::make_unique<Walker>(physical, params);
}

}  // namespace postmortem::riscv64
