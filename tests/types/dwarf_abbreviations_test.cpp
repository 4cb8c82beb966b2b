// The shapes of DWARF's entries, read without libdw: what cannot be read sends the whole file back to libdw,
// so that no answer would tell that this reader had given up.
#include "types/dwarf_abbreviations.h"

#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <dwarf.h>

namespace dwarf_abbreviations_test {

using namespace postmortem;

namespace {

using StepKind = DwarfStep::Kind;
using Attribute = std::pair<std::uint64_t, std::uint64_t>;  // and its form

void put_uleb(std::vector<std::byte>& out, std::uint64_t value) {
    do {
        const auto low = static_cast<unsigned>(value & 0x7f);
        value >>= 7;
        out.push_back(std::byte(low | (value != 0 ? 0x80 : 0)));
    } while (value != 0);
}

std::vector<std::byte> entry(std::uint64_t number, std::uint64_t tag, bool has_children,
                             const std::vector<Attribute>& attributes) {
    std::vector<std::byte> out;
    put_uleb(out, number);
    put_uleb(out, tag);
    out.push_back(std::byte(has_children));
    for (const auto& [name, form] : attributes) {
        put_uleb(out, name);
        put_uleb(out, form);
        if (form == DW_FORM_implicit_const) put_uleb(out, 1);
    }
    put_uleb(out, 0);
    put_uleb(out, 0);
    return out;
}

std::optional<DwarfAbbreviations> read(std::vector<std::byte> table, bool ended = true,
                                       DwarfUnitShape shape = {}) {
    if (ended) table.push_back(std::byte{0});
    return DwarfAbbreviations::read(table, 0, Endian::Little, shape);
}

}  // namespace

TEST_CASE("a table of abbreviations reads, up to a bound on their numbers") {
    const std::vector<Attribute> named = {{DW_AT_name, DW_FORM_strp}, {DW_AT_byte_size, DW_FORM_data1}};
    const auto table = read(entry(1, DW_TAG_structure_type, true, named));
    REQUIRE(table);
    const DwarfAbbreviation* found = table->find(1);
    REQUIRE(found);
    CHECK(found->kind == DwarfKind::Struct);
    CHECK(found->has_children);
    CHECK_FALSE(found->is_declaration);
    CHECK_FALSE(table->find(2));
    for (const std::uint64_t number : {2u, 127u, 128u, 65535u}) {
        CAPTURE(number);
        const auto large = read(entry(number, DW_TAG_union_type, false, named));
        REQUIRE(large);
        REQUIRE(large->find(number));
        CHECK(large->find(number)->kind == DwarfKind::Union);
        CHECK_FALSE(large->find(number - 1));
    }
    CHECK_FALSE(read(entry(65536, DW_TAG_union_type, false, named)));
    CHECK_FALSE(read(entry(~0ull, DW_TAG_union_type, false, named)));
    CHECK_FALSE(read(entry(1, DW_TAG_structure_type, true, named), false));  // without an end
}

TEST_CASE("attributes become the steps that lead to a name") {
    const auto table = read(entry(1, DW_TAG_structure_type, false,
                                  {{DW_AT_byte_size, DW_FORM_data2},
                                   {DW_AT_decl_file, DW_FORM_data1},
                                   {DW_AT_decl_line, DW_FORM_implicit_const},
                                   {DW_AT_name, DW_FORM_string},
                                   {DW_AT_decl_column, DW_FORM_udata},
                                   {DW_AT_sibling, DW_FORM_ref4},
                                   {DW_AT_declaration, DW_FORM_flag_present}}));
    REQUIRE(table);
    const DwarfAbbreviation& found = *table->find(1);
    CHECK(found.is_declaration);
    const DwarfStep* steps = table->steps(found);
    REQUIRE(found.step_count == 4);
    CHECK(steps[0].kind == StepKind::Skip);
    CHECK(steps[0].size == 3);
    CHECK(steps[1].kind == StepKind::NameText);
    CHECK(steps[2].kind == StepKind::SkipLeb);
    CHECK(steps[3].kind == StepKind::Sibling);
    CHECK(steps[3].size == 4);
}

TEST_CASE("forms are as long as the unit says, and what is not known is not guessed") {
    const auto size_of = [](std::uint64_t form, DwarfUnitShape shape) {
        const auto table = read(entry(1, DW_TAG_variable, false, {{DW_AT_location, form}}), true, shape);
        REQUIRE(table);
        const DwarfAbbreviation& found = *table->find(1);
        return found.step_count == 1 ? unsigned{table->steps(found)->size} : 0u;
    };
    DwarfUnitShape narrow, wide;
    narrow.version = 2;
    narrow.address_size = 4;
    narrow.offset_size = 4;
    wide.version = 5;
    wide.address_size = 8;
    wide.offset_size = 4;
    CHECK(size_of(DW_FORM_addr, narrow) == 4);
    CHECK(size_of(DW_FORM_addr, wide) == 8);
    CHECK(size_of(DW_FORM_ref_addr, wide) == 4);
    wide.version = 2;
    CHECK(size_of(DW_FORM_ref_addr, wide) == 8);
    CHECK(size_of(DW_FORM_strp, wide) == 4);
    CHECK(size_of(DW_FORM_data16, wide) == 16);
    CHECK(size_of(DW_FORM_strx3, wide) == 3);
    CHECK_FALSE(read(entry(1, DW_TAG_variable, false, {{DW_AT_location, 0x7777}})));
    CHECK_FALSE(read(entry(1, DW_TAG_structure_type, false, {{DW_AT_name, DW_FORM_data4}})));
}

}  // namespace dwarf_abbreviations_test
