#include "arch/riscv64/page_tables.h"

#include <array>

#include "arch/radix_walker.h"

namespace postmortem::riscv64 {
namespace {

// The RISC-V Instruction Set Manual, volume II, "Supervisor-Level ISA"; Linux: arch/riscv/include/asm/
// pgtable-{64,bits}.h.
constexpr unsigned page_shift = 12, index_bits = 9, frame_shift = 10;
constexpr std::uint64_t valid = 1;
constexpr std::uint64_t leaf_bits = 0xe;  // readable, writable, executable
constexpr std::uint64_t global = 1u << 5;
constexpr std::uint64_t napot = std::uint64_t{1} << 63;

constexpr std::uint64_t ones(unsigned count) {
    return (std::uint64_t{1} << count) - 1;
}

// Of a page that the kernel keeps and lets no program touch (PROT_NONE, or watched by NUMA balancing) only
// _PAGE_PROT_NONE is set, which is the bit of global ones.
bool is_kept_from_user(std::uint64_t entry) {
    return (entry & (valid | global)) == global;
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

class Walker final : public RadixWalker {
  public:
    Walker(const PhysicalMemory& physical, const PageTableParams& params)
        : RadixWalker(physical, params.root,
                      equal_levels(page_shift, index_bits, (params.va_bits - page_shift) / index_bits,
                                   params.va_bits)),
          va_bits_(params.va_bits),
          user_(params.user) {}

  private:
    const char* refused(std::uint64_t vaddr) const override {
        if (vaddr >> (va_bits_ - 1) == (user_ ? 0 : ~std::uint64_t{0} >> (va_bits_ - 1))) return nullptr;
        return user_ ? "not an address of the lower half" : "not an address of the kernel's half";
    }

    // At the lowest level an entry that points on maps nothing.
    Meaning meaning(std::uint64_t entry, unsigned below) const override {
        const bool kept = user_ && is_kept_from_user(entry), present = kept || (entry & valid) != 0;
        const bool page = present && ((entry & leaf_bits) != 0 || (kept && below == 0));
        const unsigned shift = below == 0 && is_napot(entry) ? page_shift + napot_bits : 0;
        return {below == 0 ? page : present, page || below == 0, frame_of(entry) << page_shift, shift};
    }

    unsigned va_bits_;
    bool user_;
};

}  // namespace

// crash's names for them; Linux: arch/riscv/include/asm/pgtable-bits.h.
PageEntry page_entry(std::uint64_t entry) {
    using Bit = std::pair<unsigned, std::string_view>;
    constexpr std::array bits = {Bit{8, "SOFT"}, Bit{7, "DIRTY"}, Bit{6, "ACCESSED"}, Bit{4, "USER"},
                                 Bit{3, "EXEC"}, Bit{2, "WRITE"}, Bit{1, "READ"}};
    PageEntry told{(entry & valid) != 0 || is_kept_from_user(entry), 0, {}};
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
