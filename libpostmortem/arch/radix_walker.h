// The way down page tables that are a radix tree: some bits of the address choose an entry of the table,
// which points at the next table or maps a page. What an entry means is the architecture's to say.
#pragma once

#include <optional>
#include <vector>

#include "memory/address_space.h"

namespace postmortem {

class RadixWalker : public PageTableWalker {
  public:
    Result<Translation> walk(std::uint64_t vaddr) const final;
    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const final;
    Result<TableWalk> steps(std::uint64_t vaddr) const final;

  protected:
    /// A table has 1 << bits entries, each of which maps 1 << shift bytes.
    struct Level {
        unsigned shift = 0, bits = 0;
    };
    struct Meaning {
        bool present = false;
        bool leaf = false;          ///< no table comes below
        std::uint64_t address = 0;  ///< of the next table or of the page, where present
        unsigned shift = 0;         ///< of the page, where it is not the level's
    };

    /// `levels`: the top one first, none of them empty. `entry_size`: 4 or 8 bytes, in the order of bytes
    /// that memory has or, where it is their own, in `order`. `physical` must outlive the walker.
    RadixWalker(const PhysicalMemory& physical, std::uint64_t root, std::vector<Level> levels,
                unsigned entry_size = 8, std::optional<Endian> order = {})
        : physical_(physical),
          root_(root),
          levels_(std::move(levels)),
          entry_size_(entry_size),
          swapped_(order && *order != physical.endian()) {}

    /// `count` levels, of which a table of the lower ones fills a page, and the top one takes what is left of
    /// an address.
    static std::vector<Level> equal_levels(unsigned page_shift, unsigned bits, unsigned count,
                                           unsigned address_bits);

    /// Physical address of the table of the lowest level on the way of an address; nothing where a larger
    /// page or none is mapped, or a table is lost.
    std::optional<std::uint64_t> lowest_table(std::uint64_t vaddr) const;
    const std::vector<Level>& levels() const { return levels_; }

  private:
    struct End {
        std::uint64_t entry = 0;
        Meaning meaning;
    };

    /// Why these tables cannot map an address; null where they can.
    virtual const char* refused(std::uint64_t vaddr) const = 0;
    /// `below`: how many levels are.
    virtual Meaning meaning(std::uint64_t entry, unsigned below) const = 0;

    Result<End> descend(std::uint64_t vaddr, std::vector<TableWalk::Step>* way = nullptr) const;
    Result<std::uint64_t> entry_at(std::uint64_t slot) const;
    std::uint64_t slot(std::uint64_t table, const Level& level, std::uint64_t vaddr) const;

    const PhysicalMemory& physical_;
    std::uint64_t root_;
    std::vector<Level> levels_;
    unsigned entry_size_;
    bool swapped_;
};

/// "PGD" of the top level, "PTE" of level 1 (Documentation/mm/page_tables.rst).
const char* level_name_of(std::uint32_t level, std::uint32_t levels);

}  // namespace postmortem
