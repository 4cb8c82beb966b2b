#include "types/dwarf_units.h"

#include <dwarf.h>

namespace postmortem {

std::optional<DwarfSections> DwarfSections::of(const DwarfFile& dwarf) {
    if (dwarf.alternate() != nullptr || !dwarf.section(".debug_types").empty()) return std::nullopt;
    return DwarfSections{dwarf.section(".debug_info"), dwarf.section(".debug_abbrev"),
                         dwarf.section(".debug_str"), dwarf.file().endian()};
}

std::vector<DwarfUnitPlace> list_dwarf_units(const DwarfSections& sections, unsigned& damaged) {
    std::vector<DwarfUnitPlace> units;
    for (DwarfCursor from(sections.info, 0, sections.endian); from.at() < sections.info.size();) {
        DwarfUnitPlace unit;
        unit.start = from.at();
        std::uint64_t length = from.fixed(4);
        if (length == 0xffffffff) length = from.fixed(8);
        from.skip(length);
        if (!from.good() || length == 0) {
            ++damaged;
            break;
        }
        unit.end = from.at();
        units.push_back(unit);
    }
    return units;
}

DwarfUnitStart start_dwarf_unit(const DwarfSections& sections, const DwarfUnitPlace& place,
                                DwarfKindOf kind_of) {
    DwarfCursor from(sections.info.first(place.end), place.start, sections.endian);
    DwarfUnitShape shape;
    if (from.fixed(4) == 0xffffffff) {
        shape.offset_size = 8;
        from.skip(8);
    }
    shape.version = static_cast<std::uint16_t>(from.fixed(2));
    if (shape.version < 2 || shape.version > 5) return {DwarfWalk::Damaged, std::nullopt};
    const std::uint64_t unit_type = shape.version >= 5 ? from.fixed(1) : std::uint64_t{DW_UT_compile};
    if (shape.version >= 5) shape.address_size = static_cast<std::uint8_t>(from.fixed(1));
    const std::uint64_t abbreviations = from.fixed(shape.offset_size);
    if (shape.version < 5) shape.address_size = static_cast<std::uint8_t>(from.fixed(1));
    if (unit_type == DW_UT_type) from.skip(8u + shape.offset_size);                     // signature, offset
    if (unit_type == DW_UT_skeleton || unit_type == DW_UT_split_compile) from.skip(8);  // the other's id
    auto shapes =
        DwarfAbbreviations::read(sections.abbreviations, abbreviations, sections.endian, shape, kind_of);
    if (!shapes) return {DwarfWalk::NotUnderstood, std::nullopt};
    return {DwarfWalk::Whole, DwarfUnit{from, std::move(*shapes)}};
}

DwarfEntry step_over_dwarf_entry(DwarfCursor& from, const DwarfAbbreviation& shape, const DwarfStep* steps) {
    DwarfEntry entry;
    entry.is_declaration = shape.is_declaration;
    for (std::uint32_t i = 0; i < shape.step_count; ++i) {
        const DwarfStep step = steps[i];
        const auto number = [&] { return step.size == 0 ? from.uleb() : from.fixed(step.size); };
        switch (step.kind) {
            case DwarfStep::Kind::Skip: from.skip(step.size); break;
            case DwarfStep::Kind::SkipLeb: from.uleb(); break;
            case DwarfStep::Kind::SkipText: from.text(); break;
            case DwarfStep::Kind::SkipBlock: from.skip(number()); break;
            case DwarfStep::Kind::Sibling: entry.sibling = number(); break;
            case DwarfStep::Kind::NameOffset: entry.name_offset = number(); break;
            case DwarfStep::Kind::NameText: entry.name = from.text(); break;
            case DwarfStep::Kind::Declaration: entry.is_declaration = number() != 0; break;
        }
    }
    return entry;
}

}  // namespace postmortem
