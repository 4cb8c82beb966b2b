#include "types/dwarf_objects.h"

#include <atomic>

#include "base/parallel.h"
#include "types/dwarf_units.h"

namespace postmortem {
namespace {

constexpr std::size_t units_in_piece = 64;

class Search {
  public:
    Search(const DwarfSections& sections, std::string_view name) : sections_(sections), name_(name) {}

    DwarfWalk scan(const DwarfUnitPlace& unit, DwarfObjects& found) const {
        std::uint64_t last_enum = 0;
        return walk_dwarf_unit(sections_, unit, dwarf_object_kind,
                               [&](const DwarfEntry& entry, DwarfKind kind, std::size_t depth) {
                                   if (kind == DwarfKind::Enum) last_enum = entry.at;
                                   if (depth == 1 && kind == DwarfKind::Variable && is_named(entry))
                                       found.variables.push_back(entry.at);
                                   if (depth == 1 && kind == DwarfKind::Function && is_named(entry))
                                       found.functions.push_back(entry.at);
                                   if (depth == 2 && kind == DwarfKind::Enumerator && is_named(entry))
                                       found.enums.push_back(last_enum);
                                   return depth == 1 && kind == DwarfKind::Enum;
                               });
    }

  private:
    bool is_named(const DwarfEntry& entry) const {
        if (!entry.name_offset) return entry.name == name_;
        const std::string_view strings = as_text(sections_.strings);
        const std::uint64_t at = *entry.name_offset;
        return at < strings.size() && strings.size() - at > name_.size() &&
               strings[at + name_.size()] == '\0' && strings.substr(at, name_.size()) == name_;
    }

    const DwarfSections& sections_;
    std::string_view name_;
};

void append(std::vector<std::uint64_t>& all, const std::vector<std::uint64_t>& more) {
    all.insert(all.end(), more.begin(), more.end());
}

}  // namespace

std::optional<DwarfObjects> find_dwarf_objects(const DwarfFile& dwarf, std::string_view name) {
    const auto sections = DwarfSections::of(dwarf);
    if (!sections) return std::nullopt;
    unsigned damaged_units = 0;
    const std::vector<DwarfUnitPlace> units = list_dwarf_units(*sections, damaged_units);
    const Search search(*sections, name);
    std::vector<DwarfObjects> pieces(units.size() / units_in_piece + 1);
    std::atomic<bool> is_understood = true;
    parallel_for(units.size(), units_in_piece, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i < last; ++i)
            if (search.scan(units[i], pieces[i / units_in_piece]) == DwarfWalk::NotUnderstood)
                is_understood = false;
    });
    if (!is_understood) return std::nullopt;
    DwarfObjects all;
    for (const DwarfObjects& piece : pieces) {
        append(all.variables, piece.variables);
        append(all.functions, piece.functions);
        append(all.enums, piece.enums);
    }
    return all;
}

}  // namespace postmortem
