// Finds the complete definition of a C type in DWARF by name. Knows which of the kernel's source files define
// what, so that a few of some 2,000 compile units are enough for nearly every question.
#pragma once

#include <array>
#include <optional>
#include <span>
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

/// The kind that an entry can be looked up as; nothing for entries that are no named types.
std::optional<TypeKind> lookup_kind(int tag);

/// Not thread-safe: the caller holds the DwarfFile's lock.
class DwarfIndex {
  public:
    /// `dwarf` must outlive the index.
    explicit DwarfIndex(const DwarfFile& dwarf) : dwarf_(&dwarf) {}

    /// The first complete definition found: in the file that is known for it, in those that know most of the
    /// kernel, then anywhere. What has been walked is never walked again.
    std::optional<TypeId> find(TypeKind kind, std::string_view name);

    /// Units that libdw could not read to their end.
    unsigned damaged_units() const { return damaged_units_; }

  private:
    struct Unit {
        Dwarf_Die root;
        std::string_view name;
    };
    using Names = std::unordered_map<std::string_view, TypeId>;

    std::optional<TypeId> known(TypeKind kind, std::string_view name) const;
    bool may_exist(std::string_view name);
    bool list_next_unit();
    std::optional<TypeId> find_in(std::span<const std::string_view> sources, TypeKind kind,
                                  std::string_view name);
    void index_unit(const Dwarf_Die& root);
    void index_entry(Dwarf_Die& entry, std::vector<Dwarf_Die>& imported);

    const DwarfFile* dwarf_;
    std::vector<Unit> units_;  // as far as listed
    Dwarf_CU* last_listed_ = nullptr;
    bool all_listed_ = false;
    std::size_t next_to_walk_ = 0;
    std::unordered_set<TypeId> walked_;
    std::string last_name_;  // what may_exist() was asked last, and its answer
    bool last_name_exists_ = false;
    std::array<Names, 4> names_;
    unsigned damaged_units_ = 0;
};

}  // namespace postmortem
