#include "types/variable_types.h"

#include <doctest/doctest.h>

#include "support/btf_builder.h"
#include "support/places.h"
#include "types/btf.h"
#include "types/c_declaration.h"
#include "types/excerpt.h"
#include "types/whole_types.h"

namespace variable_types_test {

using namespace postmortem;

namespace {

/// The BTF of a kernel that was built from the fixture, with one of its variables and another struct of the
/// same name, so that it is seen which of the two answers.
std::unique_ptr<TypeFinder> btf_of_kernel() {
    test::BtfBuilder btf;
    const auto number = btf.integer("int", 4, true);
    btf.structure("FixtureInner", 4, {{"of_btf", number, 0}});
    btf.variable("fixture_value", btf.integer("long int", 8, true));
    return std::move(*open_btf(btf.bytes(), "BTF"));
}

std::string declared(const TypeFinder& types, TypeKind kind, const char* name) {
    const auto type = types.find(kind, name);
    return type ? c_declaration(types, *type, name).text() : type.error().message;
}

}  // namespace

TEST_CASE(
    "variables that BTF does not know have the types of the vmlinux's DWARF, which is opened for them "
    "alone") {
    const auto btf = btf_of_kernel();
    const auto vmlinux = Vmlinux::open(test::fixtures() / "fixture_dwarf5", std::nullopt);
    REQUIRE(vmlinux);
    unsigned opened = 0;
    const auto types = with_variables_of_vmlinux(*btf, [&]() -> Result<const Vmlinux*> {
        ++opened;
        return vmlinux->get();
    });
    CHECK_FALSE(btf->has_variables());
    CHECK(types->find_struct("FixtureInner").value() == btf->find_struct("FixtureInner").value());
    CHECK(declared(*types, TypeKind::Variable, "fixture_value") == "long fixture_value");
    CHECK_FALSE(types->find_struct("FixtureOuter"));
    CHECK(opened == 0);

    CHECK(declared(*types, TypeKind::Variable, "fixture_row") == "struct FixtureInner fixture_row[3]");
    CHECK(declared(*types, TypeKind::Function, "fixture_store") == "void fixture_store(int)");
    CHECK(declared(*types, TypeKind::Variable, "fixture_twin").find("of different types") !=
          std::string::npos);
    const auto absent = types->find(TypeKind::Variable, "fixture_store");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().message == btf->find(TypeKind::Variable, "fixture_store").error().message);
    CHECK(opened == 1);

    // What a variable of DWARF leads to is DWARF's, too.
    const auto outer = types->find(TypeKind::Variable, "fixture_outer");
    REQUIRE(outer);
    const auto number = types->member(*outer, "number");
    CHECK_FALSE(number);
    const auto inner = types->member(*outer, "inner");
    REQUIRE(inner);
    CHECK(types->member(inner->type, "number"));
    CHECK_FALSE(types->member(inner->type, "of_btf"));
    CHECK(types->member(*types->find_struct("FixtureInner"), "of_btf"));
    const auto word = types->member(*outer, "word");
    REQUIRE(word);
    CHECK(types->get(word->type).byte_size == 8);
    CHECK(types->get(types->get(types->member(*outer, "next")->type).target).name == "FixtureOuter");
    CHECK(types->get(types->get(types->member(*outer, "anything")->type).target).kind == TypeKind::Void);
}

TEST_CASE("without a vmlinux, or without DWARF in it, variables are those of BTF") {
    const auto btf = btf_of_kernel();
    const auto types = with_variables_of_vmlinux(
        *btf, [] { return Result<const Vmlinux*>(fail(ErrorCode::NotFound, "no vmlinux")); });
    CHECK(declared(*types, TypeKind::Variable, "fixture_value") == "long fixture_value");
    CHECK(types->find(TypeKind::Variable, "fixture_row").error().message ==
          btf->find(TypeKind::Variable, "fixture_row").error().message);
    CHECK(types->get(0).kind == TypeKind::Void);
    CHECK(types->get(~0ull).kind == TypeKind::Unknown);
    CHECK(types->unqualified(1ull << 63) == (1ull << 63));
}

TEST_CASE("types that lack members lack them with variables, too, and damaged ones stay damaged") {
    const auto without = [] { return Result<const Vmlinux*>(fail(ErrorCode::NotFound, "no vmlinux")); };
    const auto whole = btf_of_kernel();
    CHECK_FALSE(why_types_lack_members(*with_variables_of_vmlinux(*whole, without)));
    const std::string_view words[] = {"FixtureInner"};
    const auto excerpt =
        open_excerpt(make_excerpt(*whole, words, 8), "excerpt", Error(ErrorCode::Corrupt, "a hole"));
    REQUIRE(excerpt);
    const auto types = with_variables_of_vmlinux(**excerpt, without);
    CHECK(types->is_excerpt());
    REQUIRE(why_types_lack_members(*types));
    CHECK(why_types_lack_members(*types)->message == why_types_lack_members(**excerpt)->message);
    const auto plain = open_excerpt(make_excerpt(*whole, words, 8), "excerpt");
    CHECK(why_types_lack_members(*with_variables_of_vmlinux(**plain, without))->code ==
          ErrorCode::MissingDebugInfo);
}

}  // namespace variable_types_test
