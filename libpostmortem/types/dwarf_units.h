// The entries of .debug_info, unit by unit: as much of each as it takes to see its name and to step over it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "symbols/dwarf_file.h"
#include "types/dwarf_abbreviations.h"

namespace postmortem {

/// What all units share.
struct DwarfSections {
    Bytes info, abbreviations, strings;
    Endian endian;

    /// Nothing where only libdw can read all of it: part is in another file or in .debug_types.
    static std::optional<DwarfSections> of(const DwarfFile& dwarf);
};

struct DwarfUnitPlace {
    std::uint64_t start = 0, end = 0;
};

/// The lengths in the units' headers lead from one to the next; a wrong one costs the units behind it.
std::vector<DwarfUnitPlace> list_dwarf_units(const DwarfSections& sections, unsigned& damaged);

struct DwarfEntry {
    std::uint64_t at = 0, sibling = 0;         ///< in .debug_info; from the unit's start
    std::optional<std::uint64_t> name_offset;  ///< in .debug_str
    std::string_view name;                     ///< where it is not there
    bool is_declaration = false;
};

enum class DwarfWalk { Whole, Damaged, NotUnderstood };

struct DwarfUnit {
    DwarfCursor first;
    DwarfAbbreviations shapes;
};

/// The first entry of a unit, whose names are wanted of the kinds that `kind_of` knows.
struct DwarfUnitStart {
    DwarfWalk state = DwarfWalk::Whole;
    std::optional<DwarfUnit> unit;
};
DwarfUnitStart start_dwarf_unit(const DwarfSections& sections, const DwarfUnitPlace& place,
                                DwarfKindOf kind_of);

DwarfEntry step_over_dwarf_entry(DwarfCursor& from, const DwarfAbbreviation& shape, const DwarfStep* steps);

/// Calls `visit(entry, kind, depth)` for each entry, 0 being the depth of the unit itself; what lies in an
/// entry below the first is skipped unless it says true.
template <class Visit>
DwarfWalk walk_dwarf_unit(const DwarfSections& sections, const DwarfUnitPlace& place, DwarfKindOf kind_of,
                          Visit visit) {
    constexpr std::size_t deepest_entry = 1 << 12;
    auto [state, unit] = start_dwarf_unit(sections, place, kind_of);
    if (!unit) return state;
    DwarfCursor& from = unit->first;
    for (std::size_t depth = 0; from.good() && from.at() < place.end;) {
        const std::uint64_t at = from.at(), number = from.uleb();
        if (number == 0) {
            if (depth <= 1) return DwarfWalk::Whole;
            --depth;
            continue;
        }
        const DwarfAbbreviation* shape = unit->shapes.find(number);
        if (shape == nullptr) return DwarfWalk::Damaged;
        DwarfEntry entry = step_over_dwarf_entry(from, *shape, unit->shapes.steps(*shape));
        entry.at = at;
        const bool into = visit(entry, shape->kind, depth) || depth == 0;
        if (!shape->has_children) {
            if (depth == 0) return DwarfWalk::Whole;
            continue;
        }
        const std::uint64_t next = place.start + entry.sibling;
        if (!into && entry.sibling != 0 && next > from.at() && next < place.end)
            from.go_to(next);
        else if (++depth > deepest_entry)
            return DwarfWalk::Damaged;
    }
    return from.good() ? DwarfWalk::Whole : DwarfWalk::Damaged;
}

}  // namespace postmortem
