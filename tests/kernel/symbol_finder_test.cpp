// A name that the symbols' own damage hides is missing, and that is told.
#include "kernel/symbol_finder.h"

#include <fstream>
#include <map>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "support/damage.h"
#include "support/files.h"
#include "support/places.h"
#include "support/temp_dir.h"

namespace symbol_finder_test {

using namespace postmortem;

TEST_CASE("names that damaged symbols do not give are told") {
    const auto sample = test::source_dir() / "testdata/dumps/bookworm-sysrq/vmcore";
    const auto sound = CrashDump::open(sample);
    REQUIRE(sound);
    const auto symbols = sound->kernel().symbols();
    REQUIRE(symbols);
    std::map<std::uint64_t, std::string> names;
    std::size_t count = 0;
    (void)(*symbols)->for_each([&](const Symbol& symbol) {
        if (++count % 50 == 0 && symbol.type == 'T') names[symbol.address] = symbol.name;
        return true;
    });
    REQUIRE(names.size() > 200);
    const SymbolFinder whole(sound->kernel());
    for (auto& [address, name] : names) name = whole.at(address)->symbol.name;
    CHECK_FALSE(whole.take_damage());
    CHECK_FALSE(whole.at(1));
    CHECK_FALSE(whole.take_damage());  // an address without a name is none that could not be read

    const test::TempDir folder;
    const std::string path = (folder.path() / "vmcore").string();
    std::size_t told = 0;
    for (unsigned seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        std::ofstream(path, std::ios::binary) << test::hurt(test::file_contents(sample), seed, 120);
        const auto damaged = CrashDump::open(path);
        if (!damaged || !damaged->kernel().symbols()) continue;
        const SymbolFinder finder(damaged->kernel());
        std::size_t missing = 0;
        // Bytes that damage turned into others without breaking their page's compression cannot be told.
        for (const auto& [address, name] : names) missing += finder.at(address) ? 0u : 1u;
        CHECK(finder.take_damage().has_value() == (missing != 0));
        told += missing;
    }
    CHECK(told > 0);
}

}  // namespace symbol_finder_test
