// The same program compiled in every way that a kernel may be: the compiler that lays out the structs for
// this test is the one that described them there.
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <doctest/doctest.h>

#include "fixtures/fixture_types.h"
#include "support/places.h"
#include "support/temp_dir.h"
#include "types/c_declaration.h"
#include "types/dwarf.h"

namespace dwarf_fixture_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

constexpr const char* kinds[] = {"dwarf2", "dwarf3",       "dwarf4",     "dwarf4_units",
                                 "dwarf5", "dwarf5_units", "compressed", "compressed_gnu"};

fs::path fixture(std::string_view kind) {
    return test::fixtures() / ("fixture_" + std::string(kind));
}

/// Where a bit-field really lies: set it alone, and look.
template <class Set>
std::pair<std::uint64_t, std::uint32_t> bits_set_by(Set set) {
    alignas(FixtureOuter) unsigned char bytes[sizeof(FixtureOuter)] = {};
    set(*reinterpret_cast<FixtureOuter*>(bytes));
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    for (std::size_t i = sizeof bytes * 8; i-- > 0;) {
        if ((bytes[i / 8] >> (i % 8) & 1) == 0) continue;
        first = i;
        ++count;
    }
    return {first, count};
}

struct Expected {
    const char* name;
    std::uint64_t bit_offset;
    std::uint32_t bit_size;
};

std::vector<Expected> expected_members() {
    const auto field = [](const char* name, auto set) {
        const auto [first, count] = bits_set_by(set);
        return Expected{name, first, count};
    };
    return {
        {"letter", offsetof(FixtureOuter, letter) * 8, 0},
        {"word", offsetof(FixtureOuter, word) * 8, 0},
        field("flag_a", [](FixtureOuter& o) { o.flag_a = 1; }),
        field("flag_b", [](FixtureOuter& o) { o.flag_b = 7; }),
        field("signed_bits", [](FixtureOuter& o) { o.signed_bits = -1; }),
        field("after", [](FixtureOuter& o) { o.after = 0x1fffff; }),
        field("wide", [](FixtureOuter& o) { o.wide = 0x1fffffffff; }),
        field("narrow", [](FixtureOuter& o) { o.narrow = 31; }),
        {"inner", offsetof(FixtureOuter, inner) * 8, 0},
        {"pair", offsetof(FixtureOuter, pair) * 8, 0},
        {"grid", offsetof(FixtureOuter, grid) * 8, 0},
        {"opaque", offsetof(FixtureOuter, opaque) * 8, 0},
        {"next", offsetof(FixtureOuter, next) * 8, 0},
        {"function", offsetof(FixtureOuter, function) * 8, 0},
        {"colour", offsetof(FixtureOuter, colour) * 8, 0},
        {"real", offsetof(FixtureOuter, real) * 8, 0},
        {"anything", offsetof(FixtureOuter, anything) * 8, 0},
        {"tail", offsetof(FixtureOuter, tail) * 8, 0},
    };
}

void check_declarations(const TypeFinder& types, const Type& outer) {
    const std::pair<const char*, const char*> expected[] = {
        {"letter", "char letter"},
        {"word", "const volatile fixture_word word"},
        {"pair", "struct FixtureInner pair[2]"},
        {"grid", "int grid[3][5]"},
        {"function", "int (*function)(int)"},
        {"anything", "void *anything"},
    };
    for (const auto& [name, text] : expected) {
        const auto member = std::find_if(outer.members.begin(), outer.members.end(),
                                         [&](const Member& one) { return one.name == name; });
        REQUIRE(member != outer.members.end());
        CHECK(c_declaration(types, member->type, name).text() == text);
    }
}

std::string declared(const TypeFinder& types, TypeKind kind, const char* name) {
    const auto type = types.find(kind, name);
    return type ? c_declaration(types, *type, name).text() : type.error().message;
}

void check_objects(const TypeFinder& types) {
    CHECK(declared(types, TypeKind::Variable, "fixture_outer") == "struct FixtureOuter fixture_outer");
    CHECK(declared(types, TypeKind::Variable, "fixture_value") == "volatile int fixture_value");
    CHECK(declared(types, TypeKind::Variable, "fixture_same") == "int fixture_same");
    CHECK(declared(types, TypeKind::Variable, "fixture_row") == "struct FixtureInner fixture_row[3]");
    CHECK(declared(types, TypeKind::Function, "fixture_use_opaque") ==
          "void fixture_use_opaque(struct FixtureOpaque *)");
    CHECK(declared(types, TypeKind::Function, "fixture_store") == "void fixture_store(int)");
    CHECK(declared(types, TypeKind::Variable, "fixture_twin").find("of different types") !=
          std::string::npos);
    CHECK(types.find(TypeKind::Variable, "fixture_store").error().code == ErrorCode::NotFound);
    CHECK(types.find(TypeKind::Function, "fixture_value").error().code == ErrorCode::NotFound);

    for (const auto& [name, value] : {std::pair("fixture_blue", 1000), std::pair("fixture_nameless", 77)}) {
        CAPTURE(name);
        const auto owner = types.enum_with(name);
        REQUIRE(owner);
        const auto& items = types.get(*owner).enumerators;
        CHECK(std::any_of(items.begin(), items.end(),
                          [&](const Enumerator& item) { return item.name == name && item.value == value; }));
    }
    CHECK_FALSE(types.enum_with("fixture_value"));
}

void check_types(const TypeFinder& types) {
    const auto outer = types.find_struct("FixtureOuter");
    REQUIRE(outer);
    check_declarations(types, types.get(*outer));
    const Type& type = types.get(*outer);
    CHECK(type.kind == TypeKind::Struct);
    CHECK(type.byte_size == sizeof(FixtureOuter));
    const auto expected = expected_members();
    REQUIRE(type.members.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CAPTURE(expected[i].name);
        CHECK(type.members[i].name == expected[i].name);
        CHECK(type.members[i].bit_offset == expected[i].bit_offset);
        CHECK(type.members[i].bit_size == expected[i].bit_size);
    }
    const auto member_type = [&](std::string_view name) -> const Type& {
        return types.get(types.member(*outer, name)->type);
    };

    CHECK(member_type("word").kind == TypeKind::Integer);
    CHECK(member_type("word").byte_size == sizeof(fixture_word));
    CHECK_FALSE(member_type("word").is_signed);
    CHECK(member_type("signed_bits").is_signed);
    CHECK(member_type("real").kind == TypeKind::Float);
    CHECK(member_type("function").kind == TypeKind::Pointer);
    CHECK(types.get(member_type("function").target).kind == TypeKind::Function);
    CHECK(member_type("anything").kind == TypeKind::Pointer);
    CHECK(member_type("anything").byte_size == sizeof(void*));
    CHECK(types.get(member_type("anything").target).kind == TypeKind::Void);
    CHECK(member_type("pair").kind == TypeKind::Array);
    CHECK(member_type("pair").count == 2);
    CHECK(types.get(member_type("pair").target).byte_size == sizeof(FixtureInner));
    CHECK(types.get(member_type("pair").target).name == "FixtureInner");
    CHECK(member_type("grid").count == 15);
    CHECK(types.get(member_type("grid").target).byte_size == sizeof(int));
    CHECK(member_type("tail").kind == TypeKind::Array);
    CHECK(member_type("tail").count == 0);
    CHECK(types.get(member_type("next").target).name == "FixtureOuter");

    // Anonymous unions and structs are looked through.
    CHECK(types.offset_of("FixtureInner", "number") == offsetof(FixtureInner, number));
    CHECK(types.offset_of("FixtureInner", "high") == offsetof(FixtureInner, high));

    // One unit only declares it.
    const Type& opaque = types.get(member_type("opaque").target);
    CHECK(opaque.kind == TypeKind::Struct);
    CHECK(opaque.byte_size == 16);
    CHECK(opaque.members.size() == 2);

    CHECK(member_type("colour").kind == TypeKind::Enum);
    CHECK(types.enumerator("FixtureColour", "fixture_red") == fixture_red);
    CHECK(types.enumerator("FixtureColour", "fixture_blue") == fixture_blue);

    const auto word = types.find(TypeKind::Typedef, "fixture_word");
    REQUIRE(word);
    CHECK(types.get(*word).byte_size == sizeof(fixture_word));
    CHECK(types.get_declared(*word).kind == TypeKind::Typedef);

    CHECK(types.find_struct("FixtureNothing").error().code == ErrorCode::NotFound);
    CHECK_FALSE(types.find(TypeKind::Union, "FixtureOuter"));
    CHECK_FALSE(types.find_struct(""));
    CHECK(types.get(0).kind == TypeKind::Void);
    CHECK(types.get(~0ull).kind == TypeKind::Unknown);
}

}  // namespace

TEST_CASE("types are read from every version and packing of DWARF") {
    for (const std::string kind : kinds) {
        CAPTURE(kind);
        const auto vmlinux = Vmlinux::open(fixture(kind), std::nullopt);
        REQUIRE(vmlinux);
        const auto types = open_dwarf(**vmlinux);
        REQUIRE(types);
        check_types(**types);
        check_objects(**types);
    }
}

TEST_CASE("types that dwz moved to another file are found there, and its absence is told") {
    const test::TempDir folder;
    for (const char* name : {"one", "two"}) fs::copy_file(fixture("dwarf5"), folder.path() / name);
    const std::string command =
        "cd '" + folder.path().string() + "' && dwz -m common.debug one two >dwz.log 2>&1";
    if (std::system(command.c_str()) != 0) {
        MESSAGE("skipped: dwz is not installed");
        return;
    }
    const auto vmlinux = Vmlinux::open(folder.path() / "one", std::nullopt);
    REQUIRE(vmlinux);
    const auto types = open_dwarf(**vmlinux);
    REQUIRE(types);
    check_types(**types);
    check_objects(**types);

    fs::remove(folder.path() / "common.debug");
    const auto alone = Vmlinux::open(folder.path() / "two", std::nullopt);
    REQUIRE(alone);
    const auto incomplete = open_dwarf(**alone);
    REQUIRE_FALSE(incomplete);
    CHECK(incomplete.error().code == ErrorCode::MissingDebugInfo);
    CHECK(incomplete.error().message.find("common.debug") != std::string::npos);
}

TEST_CASE("a file without DWARF is told apart") {
    const auto vmlinux = Vmlinux::open(fixture("stripped"), std::nullopt);
    REQUIRE_FALSE(vmlinux);
    CHECK(vmlinux.error().code == ErrorCode::MissingDebugInfo);
}

}  // namespace dwarf_fixture_test
