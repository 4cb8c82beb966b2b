// Which compile unit an address of the code belongs to: from .debug_aranges, else from the units' own ranges.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <elfutils/libdw.h>

#include "symbols/dwarf_file.h"

namespace postmortem {

/// Stretches of code, each with what it belongs to. Where several cover an address, the one that begins last
/// wins.
template <class Owner>
class CodeRanges {
  public:
    void add(std::uint64_t first, std::uint64_t end, const Owner& owner) {
        // Code that the linker dropped is left at address 0.
        if (first != 0 && first < end) ranges_.push_back({first, end, owner});
    }

    /// Makes what was added findable.
    void finish() {
        std::stable_sort(ranges_.begin(), ranges_.end(),
                         [](const Range& a, const Range& b) { return a.first < b.first; });
    }

    /// Null where nothing covers the address.
    const Owner* find(std::uint64_t address) const {
        constexpr int max_overlaps = 64;
        auto at = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                   [](std::uint64_t a, const Range& range) { return a < range.first; });
        for (int i = 0; i < max_overlaps && at != ranges_.begin(); ++i) {
            --at;
            if (address < at->end) return &at->owner;
        }
        return nullptr;
    }

  private:
    struct Range {
        std::uint64_t first;
        std::uint64_t end;
        Owner owner;
    };
    std::vector<Range> ranges_;
};

/// Adds every range of an entry (DW_AT_low_pc and DW_AT_high_pc, or DW_AT_ranges).
void add_ranges_of(const Dwarf_Die& die, CodeRanges<Dwarf_Die>& ranges);

/// Not thread-safe: the caller holds the DwarfFile's lock.
class UnitFinder {
  public:
    explicit UnitFinder(const DwarfFile& dwarf) : dwarf_(&dwarf) {}

    std::optional<Dwarf_Die> find(std::uint64_t address);

  private:
    std::optional<Dwarf_Die> find_in_aranges(std::uint64_t address);
    void read_aranges();
    void index_units();

    const DwarfFile* dwarf_;
    std::optional<CodeRanges<Dwarf_Off>> aranges_;  // of the unit's header
    std::optional<CodeRanges<Dwarf_Die>>
        units_;  // clang writes no .debug_aranges; built once, when they fail
};

}  // namespace postmortem
