// An excerpt keeps what is asked for, as it was, and nothing else.
#include "types/excerpt.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "support/btf_builder.h"
#include "support/places.h"
#include "types/asked_words.h"
#include "types/btf.h"
#include "types/dwarf.h"
#include "types/whole_types.h"

namespace excerpt_test {

using namespace postmortem;
using test::BtfBuilder;

namespace {

std::unique_ptr<TypeFinder> whole_types() {
    BtfBuilder btf;
    const auto number = btf.integer("int", 4, true), wide = btf.integer("long unsigned int", 8);
    const auto never = btf.structure("never", 8, {{"unwanted", wide, 0}});
    const auto inner = btf.structure("", 8, {{"deep", number, 0}, {"other", number, 32}});
    const auto around = btf.union_of("", 8, {{"", inner, 0}, {"flat", wide, 0}});
    const auto dull = btf.union_of("", 8, {{"dull", wide, 0}});
    const auto pointee = btf.structure("pointee", 24, {{"flags", number, 0, 3}, {"state", number, 3, 5}});
    const auto alias = btf.type_definition("alias_t", btf.const_of(pointee));
    const auto array = btf.array(alias, 7);
    const auto colours = btf.enumeration("colours", {{"RED", -1}, {"BLUE", 5}}, true);
    const auto plain = btf.enumeration("unnamed_by_words", {{"ONE", 1}});
    btf.structure("root", 1024,
                  {{"unwanted", btf.pointer(never), 0},
                   {"", around, 64},
                   {"", dull, 128},
                   {"next", btf.pointer(pointee), 192},
                   {"pair", array, 256},
                   {"colour", colours, 4096},
                   {"size", plain, 4128}});
    return std::move(*open_btf(btf.bytes(), "BTF"));
}

constexpr std::string_view words[] = {"root",   "deep",    "next", "pair",    "flags", "state",
                                      "colour", "colours", "size", "alias_t", "absent"};

std::unique_ptr<TypeFinder> excerpt_of(const TypeFinder& types, std::span<const std::string_view> asked,
                                       std::uint32_t word_bytes = 8) {
    return std::move(*open_excerpt(make_excerpt(types, asked, word_bytes), "excerpt"));
}

}  // namespace

TEST_CASE("an excerpt says that its structs lack members") {
    const auto whole = whole_types();
    CHECK_FALSE(why_types_lack_members(*whole));
    const auto why = why_types_lack_members(*excerpt_of(*whole, words));
    REQUIRE(why);
    CHECK(why->code == ErrorCode::MissingDebugInfo);
}

TEST_CASE("what the words name is kept with its place, size and sign") {
    const auto whole = whole_types();
    const auto part = excerpt_of(*whole, words);
    const auto root = part->find_struct("root");
    REQUIRE(root);
    CHECK(part->get(*root).byte_size == 1024);
    for (const char* member : {"deep", "pair", "colour", "size", "next"}) {
        CAPTURE(member);
        REQUIRE(part->member(*root, member));
        CHECK(part->offset_of("root", member).value() == whole->offset_of("root", member).value());
    }
    for (const char* member : {"unwanted", "flat", "dull", "other"}) CHECK_FALSE(part->member(*root, member));
    CHECK_FALSE(part->find_struct("never"));
    CHECK_FALSE(part->find_struct("absent"));

    const Type& pair = part->get(part->member(*root, "pair")->type);
    CHECK(pair.kind == TypeKind::Array);
    CHECK(pair.count == 7);
    const TypeId pointee = pair.target;
    CHECK(part->get(pointee).name == "pointee");
    CHECK(part->get(pointee).byte_size == 24);
    CHECK(part->member(pointee, "state")->bit_offset == 3);
    CHECK(part->member(pointee, "state")->bit_size == 5);
    CHECK(part->get(part->member(pointee, "flags")->type).is_signed);

    CHECK(part->enumerator("colours", "RED") == -1);
    CHECK(part->enumerator("colours", "BLUE") == 5);
    CHECK(part->get(part->member(*root, "size")->type).kind == TypeKind::Enum);
    CHECK_FALSE(part->enumerator("unnamed_by_words", "ONE"));

    const auto alias = part->find(TypeKind::Typedef, "alias_t");
    REQUIRE(alias);
    CHECK(part->get(*alias).byte_size == 24);
    CHECK(part->get(part->member(*root, "next")->type).byte_size == 8);
}

TEST_CASE("an excerpt of an excerpt is the same, and pointers are as wide as they are told") {
    const auto whole = whole_types();
    const auto once = make_excerpt(*whole, words, 4);
    const auto part = std::move(*open_excerpt(once, "excerpt"));
    CHECK(part->get(part->member(*part->find_struct("root"), "next")->type).byte_size == 4);
    CHECK(make_excerpt(*part, words, 4) == once);
}

TEST_CASE("a chain of pointers without an end is followed a few steps") {
    const auto pointers_behind = [](const TypeFinder& types) {
        TypeId at = types.member(*types.find_struct("root"), "next")->type;
        std::size_t count = 0;
        for (; count < 100 && types.get(at).kind == TypeKind::Pointer; ++count) at = types.get(at).target;
        return count;
    };
    BtfBuilder endless, few;
    constexpr std::uint32_t first_type = 1;
    const auto itself = endless.pointer(first_type);
    endless.structure("root", 8, {{"next", itself, 0}});
    auto deep = few.integer("int", 4, true);
    for (int i = 0; i < 7; ++i) deep = few.pointer(deep);
    few.structure("root", 8, {{"next", deep, 0}});
    CHECK(pointers_behind(*excerpt_of(**open_btf(endless.bytes(), "BTF"), words)) == 16);
    CHECK(pointers_behind(*excerpt_of(**open_btf(few.bytes(), "BTF"), words)) == 7);
}

TEST_CASE("DWARF gives the same excerpt as any other source") {
    constexpr std::string_view asked[] = {"FixtureOuter", "flag_b",        "wide",         "inner",
                                          "high",         "grid",          "next",         "opaque",
                                          "colour",       "FixtureColour", "fixture_word", "signed_bits"};
    for (const char* kind : {"dwarf2", "dwarf3", "dwarf4", "dwarf4_units", "dwarf5", "dwarf5_units"}) {
        CAPTURE(kind);
        const auto vmlinux = Vmlinux::open(test::fixtures() / ("fixture_" + std::string(kind)), std::nullopt);
        REQUIRE(vmlinux);
        const auto whole = open_dwarf(**vmlinux);
        REQUIRE(whole);
        const auto part = excerpt_of(**whole, asked);
        const auto outer = part->find_struct("FixtureOuter");
        REQUIRE(outer);
        for (const char* member :
             {"flag_b", "wide", "inner", "grid", "next", "opaque", "colour", "signed_bits"}) {
            CAPTURE(member);
            const auto here = part->member(*outer, member);
            const auto there = (*whole)->member(*(*whole)->find_struct("FixtureOuter"), member);
            REQUIRE(here);
            CHECK(here->bit_offset == there->bit_offset);
            CHECK(here->bit_size == there->bit_size);
            CHECK(part->get(here->type).kind == (*whole)->get(there->type).kind);
            CHECK(part->get(here->type).byte_size == (*whole)->get(there->type).byte_size);
            CHECK(part->get(here->type).is_signed == (*whole)->get(there->type).is_signed);
        }
        CHECK_FALSE(part->member(*outer, "letter"));
        CHECK(part->enumerator("FixtureColour", "fixture_blue").value() ==
              (*whole)->enumerator("FixtureColour", "fixture_blue").value());
    }
}

TEST_CASE("no module's BTF goes on where an excerpt ends") {
    const auto part = excerpt_of(*whole_types(), words);
    const auto module = open_split_btf(*part, BtfBuilder().bytes(), "BTF of module m");
    REQUIRE_FALSE(module);
    CHECK(module.error().code == ErrorCode::Unsupported);
}

TEST_CASE("the code's own words are names, sorted, and hold what the code asks for") {
    const auto all = asked_words();
    CHECK(std::is_sorted(all.begin(), all.end()));
    for (const char* word : {"task_struct", "__state", "thread_info", "cpu", "rss_stat", "node_stat_item"})
        CHECK_MESSAGE(std::binary_search(all.begin(), all.end(), word), word);
}

}  // namespace excerpt_test
