#include "types/dwarf_abbreviations.h"

#include <dwarf.h>

namespace postmortem {
namespace {

constexpr std::uint64_t most_abbreviations = 1 << 16;
constexpr unsigned most_attributes = 1 << 10;
constexpr unsigned longest_skip = 1 << 12;

using StepKind = DwarfStep::Kind;

/// Bytes of a form that always takes as many; nothing for one that does not.
std::optional<unsigned> fixed_size(std::uint64_t form, const DwarfUnitShape& shape) {
    switch (form) {
        case DW_FORM_flag_present:
        case DW_FORM_implicit_const: return 0;
        case DW_FORM_data1:
        case DW_FORM_ref1:
        case DW_FORM_flag:
        case DW_FORM_strx1:
        case DW_FORM_addrx1: return 1;
        case DW_FORM_data2:
        case DW_FORM_ref2:
        case DW_FORM_strx2:
        case DW_FORM_addrx2: return 2;
        case DW_FORM_strx3:
        case DW_FORM_addrx3: return 3;
        case DW_FORM_data4:
        case DW_FORM_ref4:
        case DW_FORM_strx4:
        case DW_FORM_addrx4:
        case DW_FORM_ref_sup4: return 4;
        case DW_FORM_data8:
        case DW_FORM_ref8:
        case DW_FORM_ref_sig8:
        case DW_FORM_ref_sup8: return 8;
        case DW_FORM_data16: return 16;
        case DW_FORM_addr: return shape.address_size;
        // An address up to DWARF 2.
        case DW_FORM_ref_addr: return shape.version <= 2 ? shape.address_size : shape.offset_size;
        case DW_FORM_sec_offset:
        case DW_FORM_strp:
        case DW_FORM_line_strp:
        case DW_FORM_strp_sup:
        case DW_FORM_GNU_ref_alt:
        case DW_FORM_GNU_strp_alt: return shape.offset_size;
        default: return std::nullopt;
    }
}

std::optional<DwarfStep> step_over(std::uint64_t form) {
    switch (form) {
        case DW_FORM_sdata:
        case DW_FORM_udata:
        case DW_FORM_ref_udata:
        case DW_FORM_strx:
        case DW_FORM_addrx:
        case DW_FORM_loclistx:
        case DW_FORM_rnglistx:
        case DW_FORM_GNU_str_index:
        case DW_FORM_GNU_addr_index: return DwarfStep{StepKind::SkipLeb, 0};
        case DW_FORM_string: return DwarfStep{StepKind::SkipText, 0};
        case DW_FORM_block1: return DwarfStep{StepKind::SkipBlock, 1};
        case DW_FORM_block2: return DwarfStep{StepKind::SkipBlock, 2};
        case DW_FORM_block4: return DwarfStep{StepKind::SkipBlock, 4};
        case DW_FORM_block:
        case DW_FORM_exprloc: return DwarfStep{StepKind::SkipBlock, 0};
        default: return std::nullopt;
    }
}

std::optional<DwarfStep> step_to_name(std::uint64_t form, const DwarfUnitShape& shape) {
    if (form == DW_FORM_string) return DwarfStep{StepKind::NameText, 0};
    if (form == DW_FORM_strp) return DwarfStep{StepKind::NameOffset, shape.offset_size};
    return std::nullopt;
}

bool is_reference_in_unit(std::uint64_t form) {
    return form == DW_FORM_ref1 || form == DW_FORM_ref2 || form == DW_FORM_ref4 || form == DW_FORM_ref8;
}

}  // namespace

DwarfKind dwarf_type_kind(std::uint64_t tag) {
    switch (tag) {
        case DW_TAG_structure_type:
        case DW_TAG_class_type: return DwarfKind::Struct;
        case DW_TAG_union_type: return DwarfKind::Union;
        case DW_TAG_enumeration_type: return DwarfKind::Enum;
        case DW_TAG_typedef: return DwarfKind::Typedef;
        default: return DwarfKind::Other;
    }
}

DwarfKind dwarf_object_kind(std::uint64_t tag) {
    switch (tag) {
        case DW_TAG_variable: return DwarfKind::Variable;
        case DW_TAG_subprogram: return DwarfKind::Function;
        case DW_TAG_enumeration_type: return DwarfKind::Enum;
        case DW_TAG_enumerator: return DwarfKind::Enumerator;
        default: return DwarfKind::Other;
    }
}

std::optional<DwarfAbbreviations> DwarfAbbreviations::read(Bytes section, std::uint64_t offset, Endian endian,
                                                           const DwarfUnitShape& shape, DwarfKindOf kind_of) {
    DwarfAbbreviations table;
    DwarfCursor from(section, offset, endian);
    while (const std::uint64_t number = from.uleb())
        if (number >= most_abbreviations || !table.read_one(from, number, shape, kind_of))
            return std::nullopt;
    if (!from.good()) return std::nullopt;
    return table;
}

// Neighbouring skips become one.
void DwarfAbbreviations::add_skip(std::size_t first_step, unsigned size) {
    if (size == 0) return;
    if (steps_.size() > first_step && steps_.back().kind == StepKind::Skip &&
        steps_.back().size + size <= longest_skip)
        steps_.back().size = static_cast<std::uint16_t>(steps_.back().size + size);
    else
        steps_.push_back({StepKind::Skip, static_cast<std::uint16_t>(size)});
}

bool DwarfAbbreviations::read_one(DwarfCursor& from, std::uint64_t number, const DwarfUnitShape& shape,
                                  DwarfKindOf kind_of) {
    if (number >= all_.size()) all_.resize(number + 1);
    DwarfAbbreviation& made = all_[number];
    made.exists = true;
    made.kind = kind_of(from.uleb());
    made.has_children = from.fixed(1) != 0;
    made.first_step = static_cast<std::uint32_t>(steps_.size());
    const bool is_wanted = made.kind != DwarfKind::Other;
    for (unsigned i = 0; i < most_attributes; ++i) {
        const std::uint64_t attribute = from.uleb(), form = from.uleb();
        if (!from.good()) return false;
        if (attribute == 0 && form == 0) {
            made.step_count = static_cast<std::uint32_t>(steps_.size()) - made.first_step;
            return true;
        }
        if (form == DW_FORM_implicit_const) from.uleb();
        const auto size = fixed_size(form, shape);
        std::optional<DwarfStep> step = step_over(form);
        if (attribute == DW_AT_sibling && is_reference_in_unit(form))
            step = DwarfStep{StepKind::Sibling, static_cast<std::uint16_t>(*size)};
        else if (attribute == DW_AT_sibling && form == DW_FORM_ref_udata)
            step = DwarfStep{StepKind::Sibling, 0};
        else if (is_wanted && attribute == DW_AT_name && !(step = step_to_name(form, shape)))
            return false;
        else if (is_wanted && attribute == DW_AT_declaration && form == DW_FORM_flag)
            step = DwarfStep{StepKind::Declaration, 1};
        else if (is_wanted && attribute == DW_AT_declaration)
            made.is_declaration = true;
        if (step)
            steps_.push_back(*step);
        else if (size)
            add_skip(made.first_step, *size);
        else
            return false;
    }
    return false;
}

}  // namespace postmortem
