// Every name of a type in DWARF and where its first complete definition lies, in one pass over .debug_info by
// all cores: a tenth of what libdw takes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "symbols/dwarf_file.h"

namespace postmortem {

struct DwarfNames {
    /// Of each DwarfKind but Other: offsets in .debug_info. The names borrow from the DwarfFile.
    std::array<std::unordered_map<std::string_view, std::uint64_t>, 4> kinds;
    unsigned damaged_units = 0;
};

/// Nothing where only libdw can read all of it: part is in another file or in .debug_types, or a unit has a
/// form that is not known here.
std::optional<DwarfNames> scan_dwarf_names(const DwarfFile& dwarf);

}  // namespace postmortem
