// The symbol table that is held in memory: modules and vmlinux use it.
#include <doctest/doctest.h>

#include "symbols/symbol_table.h"

namespace symbol_list_test {

using namespace postmortem;

namespace {

SymbolList make_list() {
    return {"a test",
            {{"late", 0x3000, 't'},
             {"first", 0x1000, 'T'},
             {"alias", 0x1000, 't'},
             {"twin", 0x2000, 'd'},
             {"twin", 0x2800, 'd'}}};
}

}  // namespace

TEST_CASE("symbols are found by name, the lowest of several that share it") {
    const SymbolList list = make_list();
    CHECK(list.address_of("late").value() == 0x3000);
    CHECK(list.address_of("alias").value() == 0x1000);
    CHECK(list.address_of("twin").value() == 0x2000);
    for (const char* name : {"", "lat", "later", "zzz"})
        CHECK(list.address_of(name).error().code == ErrorCode::NotFound);
}

TEST_CASE("an address belongs to the nearest symbol below it, the first of several there") {
    const SymbolList list = make_list();
    CHECK(list.containing(0xfff).error().code == ErrorCode::NotFound);
    CHECK(list.containing(0x1000)->symbol.name == "first");
    CHECK(list.containing(0x1fff)->symbol.name == "first");
    CHECK(list.containing(0x1fff)->size == 0x1000);
    CHECK(list.containing(0x2000)->symbol.address == 0x2000);
    CHECK(list.containing(0x2000)->size == 0x800);
    CHECK(list.containing(~0ull)->symbol.name == "late");
    CHECK(list.containing(~0ull)->size == 0);  // nothing follows, so how far it reaches is unknown
}

TEST_CASE("every symbol is visited in the order of addresses, until the visitor has had enough") {
    const SymbolList list = make_list();
    std::vector<std::uint64_t> seen;
    CHECK(list.for_each([&](const Symbol& symbol) {
        seen.push_back(symbol.address);
        return seen.size() < 4;
    }));
    CHECK(seen == std::vector<std::uint64_t>{0x1000, 0x1000, 0x2000, 0x2800});
    const SymbolList none("nothing", {});
    CHECK(none.empty());
    CHECK(none.containing(5).error().code == ErrorCode::NotFound);
    CHECK(none.address_of("x").error().code == ErrorCode::NotFound);
}

}  // namespace symbol_list_test
