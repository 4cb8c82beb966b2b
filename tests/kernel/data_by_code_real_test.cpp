// The code of real kernels tells where their data lies as their own symbols do, where those name data.
#include <doctest/doctest.h>

#include "kernel/data_by_code.h"
#include "kernel/kernel.h"
#include "support/real_dumps.h"

namespace data_by_code_real_test {

using namespace postmortem;

namespace {

// As where kallsyms has functions alone, and the kernel's table of what it exports is there.
SymbolList functions_and_exported(const SymbolTable& symbols) {
    std::vector<Symbol> known;
    REQUIRE(symbols.for_each([&](const Symbol& symbol) {
        if (symbol.type == 't' || symbol.type == 'T' || symbols.address_of("__ksymtab_" + symbol.name))
            known.push_back(symbol);
        return true;
    }));
    return {"", std::move(known)};
}

}  // namespace

// The samples lack most of the code; fresh dumps of the lab have it.
TEST_SUITE("real dumps") {
    TEST_CASE("what code tells of data is what symbols tell") {
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto kernel = Kernel::open(path);
            REQUIRE(kernel);
            const auto symbols = (*kernel)->symbols();
            REQUIRE(symbols);
            const SymbolList functions = functions_and_exported(**symbols);
            const DataByCode code((*kernel)->arch(), (*kernel)->memory(), functions);
            for (const std::string_view name : DataByCode::names()) {
                CAPTURE(name);
                const auto told = (*symbols)->address_of(name);
                const auto found = code.address_of(name);
                if (told && found) CHECK(*found == *told);
                if (!told) CHECK_FALSE(found);
            }
        }
    }
}

}  // namespace data_by_code_real_test
