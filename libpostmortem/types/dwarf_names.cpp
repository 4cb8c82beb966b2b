#include "types/dwarf_names.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <dwarf.h>

#include "base/parallel.h"

namespace postmortem {
namespace {

constexpr auto slots = static_cast<unsigned>(DwarfKind::Other);
constexpr std::size_t deepest_entry = 1 << 12;

/// What all units share.
struct Sections {
    Bytes info, abbreviations, strings;
    Endian endian;
};

struct UnitPlace {
    std::uint64_t start = 0, end = 0;
};

/// From an offset into .debug_str, and a slot, to an offset in .debug_info; the first one counts.
class OffsetTable {
  public:
    OffsetTable() : places_(first_size) {}

    void add(std::uint64_t string, unsigned slot, std::uint64_t entry) {
        if ((used_ + 1) * 2 > places_.size()) grow();
        Place& place = places_[index_of(string * slots + slot + 1)];
        if (place.key != 0) return;
        place = {string * slots + slot + 1, entry};
        ++used_;
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (const Place& place : places_)
            if (place.key != 0)
                visit((place.key - 1) / slots, static_cast<unsigned>((place.key - 1) % slots), place.entry);
    }

  private:
    static constexpr std::size_t first_size = 1 << 12;
    struct Place {
        std::uint64_t key = 0, entry = 0;
    };
    std::size_t index_of(std::uint64_t key) const {
        std::size_t at = (key * 0x9e3779b97f4a7c15ull >> 32) & (places_.size() - 1);
        while (places_[at].key != 0 && places_[at].key != key) at = (at + 1) & (places_.size() - 1);
        return at;
    }
    void grow() {
        std::vector<Place> old(places_.size() * 2);
        old.swap(places_);
        for (const Place& place : old)
            if (place.key != 0) places_[index_of(place.key)] = place;
    }

    std::vector<Place> places_;
    std::size_t used_ = 0;
};

/// Goes over some consecutive units.
class Scanner {
  public:
    explicit Scanner(const Sections& sections) : sections_(sections) {}

    void scan(const UnitPlace& unit);

    OffsetTable by_offset;
    std::array<std::unordered_map<std::string_view, std::uint64_t>, slots> by_text;
    unsigned damaged_units = 0;
    bool is_understood = true;

  private:
    struct Entry {
        std::uint64_t at = 0, sibling = 0;
        std::optional<std::uint64_t> name_offset;
        std::string_view name;
        bool is_declaration = false;
    };
    Entry step_over(DwarfCursor& from, const DwarfAbbreviation& shape, const DwarfStep* steps) const;
    bool scan_entries(DwarfCursor& from, const DwarfAbbreviations& table, const UnitPlace& unit);
    void note(const Entry& entry, DwarfKind kind);

    const Sections& sections_;
};

Scanner::Entry Scanner::step_over(DwarfCursor& from, const DwarfAbbreviation& shape,
                                  const DwarfStep* steps) const {
    Entry entry;
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

void Scanner::note(const Entry& entry, DwarfKind kind) {
    if (entry.is_declaration) return;
    const auto slot = static_cast<unsigned>(kind);
    if (entry.name_offset)
        by_offset.add(*entry.name_offset, slot, entry.at);
    else if (!entry.name.empty())
        by_text[slot].try_emplace(entry.name, entry.at);
}

// False where the unit is damaged.
bool Scanner::scan_entries(DwarfCursor& from, const DwarfAbbreviations& table, const UnitPlace& unit) {
    for (std::size_t depth = 0; from.good() && from.at() < unit.end;) {
        const std::uint64_t at = from.at(), number = from.uleb();
        if (number == 0) {
            if (depth <= 1) return true;
            --depth;
            continue;
        }
        const DwarfAbbreviation* shape = table.find(number);
        if (shape == nullptr) return false;
        Entry entry = step_over(from, *shape, table.steps(*shape));
        entry.at = at;
        if (depth == 1 && shape->kind != DwarfKind::Other) note(entry, shape->kind);
        if (!shape->has_children) {
            if (depth == 0) return true;
            continue;
        }
        const std::uint64_t next = unit.start + entry.sibling;
        if (depth > 0 && entry.sibling != 0 && next > from.at() && next < unit.end)
            from.go_to(next);
        else if (++depth > deepest_entry)
            return false;
    }
    return from.good();
}

void Scanner::scan(const UnitPlace& unit) {
    DwarfCursor from(sections_.info.first(unit.end), unit.start, sections_.endian);
    DwarfUnitShape shape;
    if (from.fixed(4) == 0xffffffff) {
        shape.offset_size = 8;
        from.skip(8);
    }
    shape.version = static_cast<std::uint16_t>(from.fixed(2));
    if (shape.version < 2 || shape.version > 5) {
        ++damaged_units;
        return;
    }
    const std::uint64_t unit_type = shape.version >= 5 ? from.fixed(1) : std::uint64_t{DW_UT_compile};
    if (shape.version >= 5) shape.address_size = static_cast<std::uint8_t>(from.fixed(1));
    const std::uint64_t abbreviations = from.fixed(shape.offset_size);
    if (shape.version < 5) shape.address_size = static_cast<std::uint8_t>(from.fixed(1));
    if (unit_type == DW_UT_type) from.skip(8u + shape.offset_size);                     // signature, offset
    if (unit_type == DW_UT_skeleton || unit_type == DW_UT_split_compile) from.skip(8);  // the other's id
    const auto table =
        DwarfAbbreviations::read(sections_.abbreviations, abbreviations, sections_.endian, shape);
    if (!table) {
        is_understood = false;
        return;
    }
    if (!scan_entries(from, *table, unit)) ++damaged_units;
}

// The lengths in the units' headers lead from one to the next.
std::vector<UnitPlace> list_units(const Sections& sections, unsigned& damaged) {
    std::vector<UnitPlace> units;
    for (DwarfCursor from(sections.info, 0, sections.endian); from.at() < sections.info.size();) {
        UnitPlace unit;
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

void take_names(const std::vector<Scanner>& scanners, const Sections& sections, DwarfNames& names) {
    OffsetTable first;
    for (const Scanner& scanner : scanners) {
        names.damaged_units += scanner.damaged_units;
        scanner.by_offset.for_each([&](std::uint64_t string, unsigned slot, std::uint64_t entry) {
            first.add(string, slot, entry);
        });
    }
    const ByteReader strings(sections.strings, sections.endian);
    // Two strings of the same text, or one in an entry: the lowest place is the first.
    const auto take = [&](std::string_view name, unsigned slot, std::uint64_t entry) {
        const auto [known, is_new] = names.kinds[slot].try_emplace(name, entry);
        if (!is_new) known->second = std::min(known->second, entry);
    };
    first.for_each([&](std::uint64_t string, unsigned slot, std::uint64_t entry) {
        if (const auto name = strings.c_string(string); name && !name->empty()) take(*name, slot, entry);
    });
    for (const Scanner& scanner : scanners)
        for (unsigned slot = 0; slot < slots; ++slot)
            for (const auto& [name, entry] : scanner.by_text[slot]) take(name, slot, entry);
}

}  // namespace

std::optional<DwarfNames> scan_dwarf_names(const DwarfFile& dwarf) {
    if (dwarf.alternate() != nullptr || !dwarf.section(".debug_types").empty()) return std::nullopt;
    const Sections sections{dwarf.section(".debug_info"), dwarf.section(".debug_abbrev"),
                            dwarf.section(".debug_str"), dwarf.file().endian()};
    DwarfNames names;
    const std::vector<UnitPlace> units = list_units(sections, names.damaged_units);
    // A few pieces a core, as units differ in size; each piece is a run of units, so that the first stays
    // first.
    const std::size_t pieces = 2 * std::max(1u, std::thread::hardware_concurrency());
    const std::size_t units_in_piece = units.size() / pieces + 1;
    std::vector<Scanner> scanners((units.size() + units_in_piece - 1) / units_in_piece, Scanner(sections));
    parallel_for(scanners.size(), 1, [&](std::size_t first, std::size_t last) {
        for (std::size_t piece = first; piece < last; ++piece)
            for (std::size_t i = piece * units_in_piece;
                 i < std::min(units.size(), (piece + 1) * units_in_piece); ++i)
                scanners[piece].scan(units[i]);
    });
    for (const Scanner& scanner : scanners)
        if (!scanner.is_understood) return std::nullopt;
    take_names(scanners, sections, names);
    return names;
}

}  // namespace postmortem
