// Finds the complete definition of a C type in DWARF by name, and what else has a name.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <elfutils/libdw.h>

#include "symbols/dwarf_file.h"
#include "types/type.h"

namespace postmortem {

/// A debugging information entry as a TypeId: its offset, and which section of which file that is an offset
/// in. Never 0: a unit's header comes first.
TypeId id_of(const Dwarf_Die& die, const DwarfFile& dwarf);
/// The reverse; nothing where the id leads nowhere.
std::optional<Dwarf_Die> die_of(TypeId id, const DwarfFile& dwarf);

/// The type behind a DW_AT_type, DW_AT_import or DW_AT_signature.
std::optional<Dwarf_Die> referenced(Dwarf_Die& die, unsigned attribute);

/// Not thread-safe: the caller holds the DwarfFile's lock.
class DwarfIndex {
  public:
    /// `dwarf` must outlive the index.
    explicit DwarfIndex(const DwarfFile& dwarf) : dwarf_(&dwarf) {}

    /// The first complete definition. The first call indexes every name.
    std::optional<TypeId> find(TypeKind kind, std::string_view name);

    /// Variables, functions and enumerators of a name, each known by its entry, in the order of the file.
    struct Objects {
        std::vector<TypeId> variables, functions;
        std::vector<TypeId> enums;  ///< that have the enumerator
    };
    /// Costs a pass over .debug_info for each new name.
    const Objects& objects(std::string_view name);

    /// Units that libdw could not read to their end.
    unsigned damaged_units() const { return damaged_units_; }

  private:
    using Names = std::unordered_map<std::string_view, TypeId>;

    void index_all();
    Objects walk_for(std::string_view name) const;
    void index_unit(const Dwarf_Die& root);
    void index_entry(Dwarf_Die& entry, std::vector<Dwarf_Die>& imported);

    const DwarfFile* dwarf_;
    bool is_indexed_ = false;
    std::unordered_set<TypeId> walked_;
    std::array<Names, 4> names_;
    std::unordered_map<std::string, Objects> objects_;
    unsigned damaged_units_ = 0;
};

}  // namespace postmortem
