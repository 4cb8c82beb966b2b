#include "types/dwarf_names.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "base/parallel.h"
#include "types/dwarf_units.h"

namespace postmortem {
namespace {

constexpr auto slots = static_cast<unsigned>(DwarfKind::Other);

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
    explicit Scanner(const DwarfSections& sections) : sections_(sections) {}

    void scan(const DwarfUnitPlace& unit);

    OffsetTable by_offset;
    std::array<std::unordered_map<std::string_view, std::uint64_t>, slots> by_text;
    unsigned damaged_units = 0;
    bool is_understood = true;

  private:
    void note(const DwarfEntry& entry, DwarfKind kind);

    const DwarfSections& sections_;
};

void Scanner::note(const DwarfEntry& entry, DwarfKind kind) {
    if (entry.is_declaration) return;
    const auto slot = static_cast<unsigned>(kind);
    if (entry.name_offset)
        by_offset.add(*entry.name_offset, slot, entry.at);
    else if (!entry.name.empty())
        by_text[slot].try_emplace(entry.name, entry.at);
}

void Scanner::scan(const DwarfUnitPlace& unit) {
    const auto outcome = walk_dwarf_unit(sections_, unit, dwarf_type_kind,
                                         [&](const DwarfEntry& entry, DwarfKind kind, std::size_t depth) {
                                             if (depth == 1 && kind != DwarfKind::Other) note(entry, kind);
                                             return false;
                                         });
    if (outcome == DwarfWalk::Damaged) ++damaged_units;
    if (outcome == DwarfWalk::NotUnderstood) is_understood = false;
}

void take_names(const std::vector<Scanner>& scanners, const DwarfSections& sections, DwarfNames& names) {
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
    const auto sections = DwarfSections::of(dwarf);
    if (!sections) return std::nullopt;
    DwarfNames names;
    const std::vector<DwarfUnitPlace> units = list_dwarf_units(*sections, names.damaged_units);
    // A few pieces a core, as units differ in size; each piece is a run of units, so that the first stays
    // first.
    const std::size_t pieces = 2 * std::max(1u, std::thread::hardware_concurrency());
    const std::size_t units_in_piece = units.size() / pieces + 1;
    std::vector<Scanner> scanners((units.size() + units_in_piece - 1) / units_in_piece, Scanner(*sections));
    parallel_for(scanners.size(), 1, [&](std::size_t first, std::size_t last) {
        for (std::size_t piece = first; piece < last; ++piece)
            for (std::size_t i = piece * units_in_piece;
                 i < std::min(units.size(), (piece + 1) * units_in_piece); ++i)
                scanners[piece].scan(units[i]);
    });
    for (const Scanner& scanner : scanners)
        if (!scanner.is_understood) return std::nullopt;
    take_names(scanners, *sections, names);
    return names;
}

}  // namespace postmortem
