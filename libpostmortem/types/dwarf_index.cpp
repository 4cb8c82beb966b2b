#include "types/dwarf_index.h"

#include <vector>

#include <dwarf.h>

#include "types/dwarf_abbreviations.h"
#include "types/dwarf_names.h"
#include "types/dwarf_objects.h"

namespace postmortem {
namespace {

constexpr TypeId offset_mask = (1ull << 48) - 1;
constexpr TypeId in_types_section = 1ull << 61;
constexpr TypeId in_alternate = 1ull << 62;

std::optional<DwarfKind> dwarf_kind_of(TypeKind kind) {
    switch (kind) {
        case TypeKind::Struct: return DwarfKind::Struct;
        case TypeKind::Union: return DwarfKind::Union;
        case TypeKind::Enum: return DwarfKind::Enum;
        case TypeKind::Typedef: return DwarfKind::Typedef;
        default: return std::nullopt;
    }
}

// False where the children are damaged: a DW_AT_sibling may lead backwards.
template <class Visit>
bool for_each_child(Dwarf_Die& parent, Visit visit) {
    Dwarf_Die child;
    Dwarf_Off last = 0;
    int more = ::dwarf_child(&parent, &child);
    for (; more == 0; more = ::dwarf_siblingof(&child, &child)) {
        const Dwarf_Off offset = ::dwarf_dieoffset(&child);
        if (offset <= last) return false;
        last = offset;
        visit(child);
    }
    return more > 0;
}

// Not what it inherits from a declaration or an inlined original, as dwarf_diename() would have it.
bool is_named(Dwarf_Die& die, std::string_view name) {
    Dwarf_Attribute attribute;
    const char* const text = ::dwarf_formstring(::dwarf_attr(&die, DW_AT_name, &attribute));
    return text != nullptr && text == name;
}

bool has_enumerator(Dwarf_Die& die, std::string_view name) {
    bool found = false;
    for_each_child(die, [&](Dwarf_Die& item) { found |= is_named(item, name); });
    return found;
}

}  // namespace

TypeId id_of(const Dwarf_Die& die, const DwarfFile& dwarf) {
    Dwarf_Die copy = die;
    TypeId id = ::dwarf_dieoffset(&copy) & offset_mask;
    Dwarf_Half version = 0;
    std::uint8_t unit_type = 0;
    if (::dwarf_cu_info(die.cu, &version, &unit_type, nullptr, nullptr, nullptr, nullptr, nullptr) == 0 &&
        version < 5 && unit_type == DW_UT_type)
        id |= in_types_section;
    if (dwarf.alternate() != nullptr && ::dwarf_cu_getdwarf(die.cu) == dwarf.alternate()) id |= in_alternate;
    return id;
}

std::optional<Dwarf_Die> die_of(TypeId id, const DwarfFile& dwarf) {
    Dwarf* file = (id & in_alternate) != 0 ? dwarf.alternate() : dwarf.get();
    if (file == nullptr) return std::nullopt;
    const Dwarf_Off offset = id & offset_mask;
    Dwarf_Die die;
    const Dwarf_Die* found = (id & in_types_section) != 0 ? ::dwarf_offdie_types(file, offset, &die)
                                                          : ::dwarf_offdie(file, offset, &die);
    if (found == nullptr) return std::nullopt;
    return die;
}

std::optional<Dwarf_Die> referenced(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute found;
    Dwarf_Die target;
    if (::dwarf_attr(&die, attribute, &found) == nullptr) return std::nullopt;
    if (::dwarf_formref_die(&found, &target) == nullptr) return std::nullopt;
    return target;
}

void DwarfIndex::index_all() {
    if (auto scanned = scan_dwarf_names(*dwarf_)) {
        names_ = std::move(scanned->kinds);
        damaged_units_ = scanned->damaged_units;
        return;
    }
    Dwarf_Die root;
    Dwarf_CU* unit = nullptr;
    int more = 0;
    while ((more = ::dwarf_get_units(dwarf_->get(), unit, &unit, nullptr, nullptr, &root, nullptr)) == 0)
        index_unit(root);
    if (more < 0) ++damaged_units_;
}

void DwarfIndex::index_unit(const Dwarf_Die& root) {
    std::vector<Dwarf_Die> pending{root};  // dwz leaves imports of units that may import further ones
    while (!pending.empty()) {
        Dwarf_Die unit = pending.back();
        pending.pop_back();
        if (!walked_.insert(id_of(unit, *dwarf_)).second) continue;
        if (!for_each_child(unit, [&](Dwarf_Die& entry) { index_entry(entry, pending); })) ++damaged_units_;
    }
}

void DwarfIndex::index_entry(Dwarf_Die& entry, std::vector<Dwarf_Die>& imported) {
    const int tag = ::dwarf_tag(&entry);
    if (tag == DW_TAG_imported_unit) {
        if (const auto unit = referenced(entry, DW_AT_import)) imported.push_back(*unit);
        return;
    }
    const DwarfKind kind = dwarf_type_kind(static_cast<unsigned>(tag));
    if (kind == DwarfKind::Other) return;
    const char* name = ::dwarf_diename(&entry);
    if (name == nullptr) return;
    if (::dwarf_hasattr(&entry, DW_AT_declaration) == 0) {
        names_[static_cast<std::size_t>(kind)].try_emplace(name, id_of(entry, *dwarf_));
    } else if (const auto complete = referenced(entry, DW_AT_signature)) {
        names_[static_cast<std::size_t>(kind)].try_emplace(name, id_of(*complete, *dwarf_));
    }
}

const DwarfIndex::Objects& DwarfIndex::objects(std::string_view name) {
    const auto [known, is_new] = objects_.try_emplace(std::string(name));
    if (!is_new) return known->second;
    if (auto found = find_dwarf_objects(*dwarf_, name))
        known->second = {std::move(found->variables), std::move(found->functions), std::move(found->enums)};
    else
        known->second = walk_for(name);
    return known->second;
}

DwarfIndex::Objects DwarfIndex::walk_for(std::string_view name) const {
    Objects found;
    const auto look_at = [&](Dwarf_Die& entry) {
        const DwarfKind kind = dwarf_object_kind(static_cast<unsigned>(::dwarf_tag(&entry)));
        if (kind == DwarfKind::Variable && is_named(entry, name))
            found.variables.push_back(id_of(entry, *dwarf_));
        if (kind == DwarfKind::Function && is_named(entry, name))
            found.functions.push_back(id_of(entry, *dwarf_));
        if (kind == DwarfKind::Enum && has_enumerator(entry, name))
            found.enums.push_back(id_of(entry, *dwarf_));
    };
    for (Dwarf* const file : {dwarf_->get(), dwarf_->alternate()}) {
        Dwarf_Die root;
        Dwarf_CU* unit = nullptr;
        while (file != nullptr && ::dwarf_get_units(file, unit, &unit, nullptr, nullptr, &root, nullptr) == 0)
            for_each_child(root, look_at);
    }
    return found;
}

std::optional<TypeId> DwarfIndex::find(TypeKind kind, std::string_view name) {
    const auto named = dwarf_kind_of(kind);
    if (!named || name.empty()) return std::nullopt;
    if (!is_indexed_) index_all();
    is_indexed_ = true;
    const Names& names = names_[static_cast<std::size_t>(*named)];
    const auto found = names.find(name);
    if (found == names.end()) return std::nullopt;
    return found->second;
}

}  // namespace postmortem
