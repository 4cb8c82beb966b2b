// Where .debug_info has a variable, a function or an enumerator of one name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "symbols/dwarf_file.h"

namespace postmortem {

/// Offsets in .debug_info, in its order; declarations are among them.
struct DwarfObjects {
    std::vector<std::uint64_t> variables, functions;
    std::vector<std::uint64_t> enums;  ///< that have an enumerator of the name
};

/// One pass over .debug_info by all cores. Nothing where only libdw can read all of it, as in
/// scan_dwarf_names().
std::optional<DwarfObjects> find_dwarf_objects(const DwarfFile& dwarf, std::string_view name);

}  // namespace postmortem
