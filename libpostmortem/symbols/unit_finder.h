// Which compile unit an address of the code belongs to: from .debug_aranges, else from the units' own ranges.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <elfutils/libdw.h>

namespace postmortem {

/// A stretch of code and the entry that it belongs to.
struct CodeRange {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    Dwarf_Die die{};
};

/// Code ranges in the order of their addresses. Where several cover an address, the one that begins last
/// wins.
class CodeRanges {
  public:
    /// Adds every range of an entry (DW_AT_low_pc and DW_AT_high_pc, or DW_AT_ranges).
    void add(const Dwarf_Die& die);
    /// Makes what was added findable.
    void finish();
    const Dwarf_Die* find(std::uint64_t address) const;

  private:
    std::vector<CodeRange> ranges_;
};

/// Not thread-safe: the caller holds the DwarfFile's lock.
class UnitFinder {
  public:
    explicit UnitFinder(Dwarf* dwarf) : dwarf_(dwarf) {}

    std::optional<Dwarf_Die> find(std::uint64_t address);

  private:
    std::optional<Dwarf_Die> find_in_aranges(std::uint64_t address);
    void index_units();

    Dwarf* dwarf_;
    Dwarf_Aranges* aranges_ = nullptr;
    bool aranges_read_ = false;
    std::optional<CodeRanges> units_;  // clang writes no .debug_aranges; built once, when they fail
};

}  // namespace postmortem
