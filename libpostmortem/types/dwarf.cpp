#include "types/dwarf.h"

#include <mutex>

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "symbols/dwarf_file.h"
#include "types/c_declaration.h"
#include "types/dwarf_index.h"

namespace postmortem {
namespace {

constexpr unsigned max_qualifiers = 64;
constexpr std::size_t most_members = 1 << 16;
constexpr std::size_t most_siblings = 1 << 22;  // looked at for the definition behind declarations

std::optional<std::uint64_t> unsigned_attribute(Dwarf_Die& die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (::dwarf_attr(&die, name, &attribute) == nullptr || ::dwarf_formudata(&attribute, &value) != 0)
        return std::nullopt;
    return value;
}

std::string name_of(Dwarf_Die& die) {
    const char* name = ::dwarf_diename(&die);
    return name != nullptr ? name : "";
}

bool is_qualifier(int tag) {
    switch (tag) {
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
        case DW_TAG_immutable_type:
        case DW_TAG_packed_type: return true;
        default: return false;
    }
}

// A plain number since DWARF 3; before that an expression that adds the number to the struct's address.
std::uint64_t member_location(Dwarf_Die& member) {
    if (const auto offset = unsigned_attribute(member, DW_AT_data_member_location)) return *offset;
    Dwarf_Attribute attribute;
    Dwarf_Op* operations = nullptr;
    std::size_t count = 0;
    if (::dwarf_attr(&member, DW_AT_data_member_location, &attribute) == nullptr ||
        ::dwarf_getlocation(&attribute, &operations, &count) != 0 || count != 1 ||
        operations[0].atom != DW_OP_plus_uconst)
        return 0;
    return operations[0].number;
}

// Calls `visit` for each child of an entry; bounded, and never backwards.
template <class Visit>
void for_each_child(Dwarf_Die& parent, Visit visit) {
    Dwarf_Die child;
    Dwarf_Off last = 0;
    std::size_t count = 0;
    for (int more = ::dwarf_child(&parent, &child); more == 0 && count < most_members;
         more = ::dwarf_siblingof(&child, &child), ++count) {
        const Dwarf_Off offset = ::dwarf_dieoffset(&child);
        if (offset <= last) return;
        last = offset;
        visit(child);
    }
}

// DW_AT_count, or one more than DW_AT_upper_bound; a flexible array has neither, and `[0]` has a bound of -1.
std::uint64_t elements(Dwarf_Die& dimension) {
    if (const auto count = unsigned_attribute(dimension, DW_AT_count)) return *count;
    const auto upper = unsigned_attribute(dimension, DW_AT_upper_bound);
    const bool empty = !upper || *upper == ~0ull || *upper == 0xffffffffull;
    return empty ? 0 : *upper + 1;
}

class DwarfTypes final : public TypeFinder {
  public:
    explicit DwarfTypes(const DwarfFile& dwarf) : dwarf_(&dwarf), index_(dwarf) {}

    std::string source() const override { return "DWARF of " + dwarf_->file().path(); }
    bool has_variables() const override { return true; }
    std::optional<Error> damage() const override;
    Qualifier qualifier(TypeId id) const override;
    TypeId unqualified(TypeId id) const override;
    std::optional<TypeId> enum_with(std::string_view enumerator) const override;

  protected:
    Result<TypeId> search(TypeKind kind, std::string_view name) const override;
    Type decode(TypeId id) const override;

  private:
    std::vector<TypeId> object_types(TypeKind kind, std::string_view name) const;
    std::optional<TypeId> type_of_definition(Dwarf_Die declaration, std::size_t& steps_left) const;
    tl::unexpected<Error> none_named(TypeKind kind, std::string_view name) const;
    TypeId target_of(Dwarf_Die& die) const;
    std::optional<Dwarf_Die> without_qualifiers(Dwarf_Die die) const;
    Type decode_array(Dwarf_Die& die) const;
    Type decode_function(Dwarf_Die& die) const;
    std::optional<Dwarf_Die> completed(Dwarf_Die& die, const Type& type) const;
    Type decode_struct(Dwarf_Die die) const;
    Member decode_member(Dwarf_Die& die) const;
    Type decode_enum(Dwarf_Die die) const;
    Type decode_basic(Dwarf_Die& die) const;
    std::uint64_t storage_size(Dwarf_Die& member) const;

    const DwarfFile* dwarf_;
    mutable DwarfIndex index_;
};

Result<TypeId> DwarfTypes::search(TypeKind kind, std::string_view name) const {
    if (kind == TypeKind::Variable || kind == TypeKind::Function) {
        const std::vector<TypeId> types = object_types(kind, name);
        if (types.empty()) return none_named(kind, name);
        const std::string first = c_declaration(*this, types.front(), name).text();
        for (const TypeId other : types)
            if (c_declaration(*this, other, name).text() != first)
                return fail(ErrorCode::Unsupported,
                            fmt::format("more than one {} is named {} in the {}, of different types",
                                        to_string(kind), name, source()));
        return types.front();
    }
    const std::lock_guard guard(dwarf_->lock());
    if (const auto found = index_.find(kind, name)) return *found;
    return none_named(kind, name);
}

tl::unexpected<Error> DwarfTypes::none_named(TypeKind kind, std::string_view name) const {
    std::string message = fmt::format("no {} named {} in the {}", to_string(kind), name, source());
    if (const auto why = damage()) message += fmt::format(" ({})", why->message);
    return fail(ErrorCode::NotFound, std::move(message));
}

// Of each definition by that name; where there is none, of the first declaration: a definition behind the
// declaration of a header refers to that for its name.
std::vector<TypeId> DwarfTypes::object_types(TypeKind kind, std::string_view name) const {
    const std::lock_guard guard(dwarf_->lock());
    const bool is_variable = kind == TypeKind::Variable;
    const DwarfIndex::Objects& found = index_.objects(name);
    std::vector<TypeId> defined, declared;
    std::size_t steps_left = most_siblings;
    for (const TypeId id : is_variable ? found.variables : found.functions) {
        auto die = die_of(id, *dwarf_);
        if (!die) continue;
        const TypeId type = is_variable ? target_of(*die) : id;
        if (::dwarf_hasattr(&*die, DW_AT_declaration) == 0)
            defined.push_back(type);
        else if (const auto whole = is_variable ? type_of_definition(*die, steps_left) : std::nullopt)
            defined.push_back(*whole);
        else
            declared.push_back(type);
    }
    if (!defined.empty()) return defined;
    declared.resize(std::min<std::size_t>(declared.size(), 1));
    return declared;
}

// `extern struct page *pages[];` has a type of its own where it is defined.
std::optional<TypeId> DwarfTypes::type_of_definition(Dwarf_Die declaration, std::size_t& steps_left) const {
    auto type = referenced(declaration, DW_AT_type);
    if (!type || ::dwarf_tag(&*type) != DW_TAG_array_type || decode_array(*type).count != 0)
        return std::nullopt;
    const Dwarf_Off declared_at = ::dwarf_dieoffset(&declaration);
    Dwarf_Die next = declaration;
    for (Dwarf_Off last = declared_at;
         steps_left > 0 && ::dwarf_siblingof(&next, &next) == 0 && ::dwarf_dieoffset(&next) > last;
         --steps_left) {
        last = ::dwarf_dieoffset(&next);
        if (::dwarf_tag(&next) != DW_TAG_variable || ::dwarf_hasattr(&next, DW_AT_type) == 0) continue;
        auto named = referenced(next, DW_AT_specification);
        if (named && ::dwarf_dieoffset(&*named) == declared_at) return target_of(next);
    }
    return std::nullopt;
}

std::optional<TypeId> DwarfTypes::enum_with(std::string_view enumerator) const {
    const std::lock_guard guard(dwarf_->lock());
    const std::vector<TypeId>& enums = index_.objects(enumerator).enums;
    return enums.empty() ? std::nullopt : std::optional(enums.front());
}

std::optional<Error> DwarfTypes::damage() const {
    if (index_.damaged_units() == 0) return std::nullopt;
    return Error(ErrorCode::Corrupt, fmt::format("{} damaged compile units in the {} were passed over",
                                                 index_.damaged_units(), source()));
}

/// What DW_AT_type refers to; void where there is none.
TypeId DwarfTypes::target_of(Dwarf_Die& die) const {
    const auto target = referenced(die, DW_AT_type);
    return target ? id_of(*target, *dwarf_) : 0;
}

Qualifier DwarfTypes::qualifier(TypeId id) const {
    if (id == 0) return Qualifier::None;
    const std::lock_guard guard(dwarf_->lock());
    auto die = die_of(id, *dwarf_);
    switch (die ? ::dwarf_tag(&*die) : 0) {
        case DW_TAG_const_type: return Qualifier::Const;
        case DW_TAG_volatile_type: return Qualifier::Volatile;
        case DW_TAG_restrict_type: return Qualifier::Restrict;
        default: return Qualifier::None;
    }
}

TypeId DwarfTypes::unqualified(TypeId id) const {
    if (id == 0) return id;
    const std::lock_guard guard(dwarf_->lock());
    auto die = die_of(id, *dwarf_);
    return die && is_qualifier(::dwarf_tag(&*die)) ? target_of(*die) : id;
}

/// Nothing where the chain ends in void.
std::optional<Dwarf_Die> DwarfTypes::without_qualifiers(Dwarf_Die die) const {
    for (unsigned i = 0; i < max_qualifiers && is_qualifier(::dwarf_tag(&die)); ++i) {
        const auto target = referenced(die, DW_AT_type);
        if (!target) return std::nullopt;
        die = *target;
    }
    return die;
}

Type DwarfTypes::decode(TypeId id) const {
    if (id == 0) return {};
    const std::lock_guard guard(dwarf_->lock());
    const auto start = die_of(id, *dwarf_);
    Type type;
    type.kind = TypeKind::Unknown;
    if (!start) return type;
    auto found = without_qualifiers(*start);
    if (!found) return {};
    Dwarf_Die& die = *found;

    switch (::dwarf_tag(&die)) {
        case DW_TAG_base_type: return decode_basic(die);
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
        case DW_TAG_union_type: return decode_struct(die);
        case DW_TAG_enumeration_type: return decode_enum(die);
        case DW_TAG_array_type: return decode_array(die);
        case DW_TAG_pointer_type:
        case DW_TAG_reference_type: {
            std::uint8_t address_size = 8;
            Dwarf_Die unit;
            ::dwarf_diecu(&die, &unit, &address_size, nullptr);
            type.kind = TypeKind::Pointer;
            type.byte_size = unsigned_attribute(die, DW_AT_byte_size).value_or(address_size);
            type.target = target_of(die);
            return type;
        }
        case DW_TAG_typedef:
            type.kind = TypeKind::Typedef;
            type.name = name_of(die);
            type.target = target_of(die);
            return type;
        case DW_TAG_subroutine_type:
        case DW_TAG_subprogram: return decode_function(die);
        case DW_TAG_unspecified_type: return {};
        default: return type;
    }
}

Type DwarfTypes::decode_basic(Dwarf_Die& die) const {
    Type type;
    type.name = name_of(die);
    type.byte_size = unsigned_attribute(die, DW_AT_byte_size).value_or(0);
    const auto encoding = unsigned_attribute(die, DW_AT_encoding).value_or(0);
    type.kind = encoding == DW_ATE_float ? TypeKind::Float : TypeKind::Integer;
    type.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
    return type;
}

Type DwarfTypes::decode_function(Dwarf_Die& die) const {
    Type type;
    type.kind = TypeKind::Function;
    type.target = target_of(die);
    for_each_child(die, [&](Dwarf_Die& child) {
        const int tag = ::dwarf_tag(&child);
        if (tag == DW_TAG_formal_parameter) type.members.push_back({name_of(child), 0, 0, target_of(child)});
        if (tag == DW_TAG_unspecified_parameters) type.members.push_back({});
    });
    return type;
}

// Dimensions are multiplied out, as BTF has them: int a[5][4] is an array of 20.
Type DwarfTypes::decode_array(Dwarf_Die& die) const {
    Type type;
    type.kind = TypeKind::Array;
    type.target = target_of(die);
    std::optional<std::uint64_t> count;
    for_each_child(die, [&](Dwarf_Die& child) {
        if (::dwarf_tag(&child) != DW_TAG_subrange_type) return;
        type.dimensions.push_back(elements(child));
        count = checked_mul(count.value_or(1), type.dimensions.back()).value_or(0);
    });
    type.count = count.value_or(0);
    return type;
}

// A unit may keep the type in a type unit of its own, or only declare it: then another unit completes it.
std::optional<Dwarf_Die> DwarfTypes::completed(Dwarf_Die& die, const Type& type) const {
    if (const auto unit_type = referenced(die, DW_AT_signature)) return unit_type;
    if (::dwarf_hasattr(&die, DW_AT_declaration) == 0) return die;
    const auto found = index_.find(type.kind, type.name);
    auto complete = found ? die_of(*found, *dwarf_) : std::nullopt;
    if (!complete || ::dwarf_hasattr(&*complete, DW_AT_declaration) != 0) return std::nullopt;
    return complete;
}

Type DwarfTypes::decode_struct(Dwarf_Die die) const {
    Type type;
    type.name = name_of(die);
    type.kind = ::dwarf_tag(&die) == DW_TAG_union_type ? TypeKind::Union : TypeKind::Struct;
    const auto complete = completed(die, type);
    if (!complete) {
        type.kind = TypeKind::Forward;
        return type;
    }
    die = *complete;
    type.name = name_of(die);
    type.byte_size = unsigned_attribute(die, DW_AT_byte_size).value_or(0);
    for_each_child(die, [&](Dwarf_Die& child) {
        if (::dwarf_tag(&child) == DW_TAG_member) type.members.push_back(decode_member(child));
    });
    return type;
}

/// The bytes of the integer that a bit-field of DWARF 2 or 3 is cut from.
std::uint64_t DwarfTypes::storage_size(Dwarf_Die& member) const {
    if (const auto size = unsigned_attribute(member, DW_AT_byte_size)) return *size;
    auto type = referenced(member, DW_AT_type);
    for (unsigned i = 0; type && i < max_qualifiers; ++i) {
        const int tag = ::dwarf_tag(&*type);
        if (tag != DW_TAG_typedef && !is_qualifier(tag)) break;
        type = referenced(*type, DW_AT_type);
    }
    return type ? unsigned_attribute(*type, DW_AT_byte_size).value_or(0) : 0;
}

Member DwarfTypes::decode_member(Dwarf_Die& die) const {
    Member member;
    member.name = name_of(die);
    member.type = target_of(die);
    member.bit_size = static_cast<std::uint32_t>(unsigned_attribute(die, DW_AT_bit_size).value_or(0));
    member.bit_offset = member_location(die) * 8;
    if (const auto bits = unsigned_attribute(die, DW_AT_data_bit_offset)) {
        member.bit_offset = *bits;
    } else if (const auto from_top = unsigned_attribute(die, DW_AT_bit_offset)) {
        // Counted from the most significant bit of the storage unit, whatever the byte order.
        const bool little = dwarf_->file().endian() == Endian::Little;
        member.bit_offset += little ? storage_size(die) * 8 - *from_top - member.bit_size : *from_top;
    }
    return member;
}

// As for gdb an enum is signed where one of its values is negative.
Type DwarfTypes::decode_enum(Dwarf_Die die) const {
    Type type;
    type.name = name_of(die);
    type.kind = TypeKind::Enum;
    const auto complete = completed(die, type);
    if (!complete) {
        type.kind = TypeKind::Forward;
        return type;
    }
    die = *complete;
    type.name = name_of(die);
    type.byte_size = unsigned_attribute(die, DW_AT_byte_size).value_or(0);
    for_each_child(die, [&](Dwarf_Die& child) {
        if (::dwarf_tag(&child) != DW_TAG_enumerator) return;
        const auto value =
            static_cast<std::int64_t>(unsigned_attribute(child, DW_AT_const_value).value_or(0));
        if (value < 0) type.is_signed = true;
        type.enumerators.push_back({name_of(child), value});
    });
    return type;
}

}  // namespace

Result<std::unique_ptr<TypeFinder>> open_dwarf(const Vmlinux& vmlinux) {
    auto dwarf = vmlinux.dwarf();
    if (!dwarf) return fail(std::move(dwarf.error()));
    return std::make_unique<DwarfTypes>(**dwarf);
}

}  // namespace postmortem
