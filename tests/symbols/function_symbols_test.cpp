// Symbols of a kernel whose kallsyms names functions alone: what lies in its code has a name, and of its data
// what another table tells of.
#include "symbols/function_symbols.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/symbol_list.h>

#include "base/text.h"
#include "report/values/symbolic.h"
#include "support/fake_kernel.h"

namespace function_symbols_test {

using namespace postmortem;
using Which = SymbolListRequest::Which;

namespace {

FunctionSymbols make_symbols() {
    std::vector<Symbol> functions = {{"_stext", 0x1000, 'T'},        {"schedule", 0x1100, 'T'},
                                     {"last_function", 0x1200, 't'}, {"_etext", 0x1800, 'T'},
                                     {"_sinittext", 0x5000, 'T'},    {"start_kernel", 0x5040, 'T'},
                                     {"_einittext", 0x5100, 'T'}};
    return {std::make_unique<SymbolList>("kallsyms", std::move(functions)),
            {{"init_task", 0x3000}, {"schedule", 0x1100}, {"jiffies", 0x6000}, {"elsewhere", 0x10}}};
}

SymbolListRequest request_of(Which which, std::string word) {
    SymbolListRequest request;
    request.which = which;
    request.words = {std::move(word)};
    return request;
}

}  // namespace

TEST_CASE("functions reach up to the next one, and data has its own address alone") {
    const FunctionSymbols symbols = make_symbols();
    CHECK(symbols.containing(0x1234)->symbol.name == "last_function");
    CHECK(symbols.containing(0x5050)->symbol.name == "start_kernel");
    const auto task = symbols.containing(0x3000);
    REQUIRE(task);
    CHECK(task->symbol.name == "init_task");
    CHECK(task->symbol.type == '?');
    CHECK(task->size == 0);
    CHECK(symbols.address_of("jiffies").value() == 0x6000);
    CHECK(symbols.address_of("slab_caches").error().code == ErrorCode::NotFound);
}

TEST_CASE("data without a name is not taken for the function in front of it") {
    const FunctionSymbols symbols = make_symbols();
    for (const std::uint64_t address : {0x2000, 0x3008, 0x4fff, 0x5ff8})
        CHECK(symbols.containing(address).error().code == ErrorCode::MissingDebugInfo);
    // Nothing tells that the image reaches so far.
    CHECK(symbols.containing(0x6001).error().code == ErrorCode::NotFound);
    CHECK(symbols.containing(0x800).error().code == ErrorCode::NotFound);
}

TEST_CASE("functions and data are visited in the order of their addresses, each once") {
    std::vector<std::string> seen;
    CHECK(make_symbols().for_each([&](const Symbol& symbol) {
        seen.push_back(symbol.name);
        return symbol.name != "jiffies";
    }));
    CHECK(seen == std::vector<std::string>{"elsewhere", "_stext", "schedule", "last_function", "_etext",
                                           "init_task", "_sinittext", "start_kernel", "_einittext",
                                           "jiffies"});
}

TEST_CASE("sym, and all that names addresses, tell what they cannot know of a kernel of functions alone") {
    test::FakeKernel fake;
    const std::uint64_t code = fake.variable("schedule", 64), data = fake.variable("init_task", 64);
    fake.variable("init_mm", 64);
    fake.name_functions_alone({"schedule"});
    const auto kernel = fake.open();
    REQUIRE(kernel->names_functions_alone());
    const SymbolicNames names(*kernel);
    CHECK(names.of(code + 4) == "schedule+4");
    CHECK(names.of(data) == "init_task");
    CHECK_FALSE(names.take_damage());
    CHECK(names.of(data + 8).empty());
    CHECK(names.take_damage());

    const auto dump = CrashDump::open(kernel->path());
    REQUIRE(dump);
    CHECK(find_symbols(*dump, request_of(Which::Named, fmt::format("{:x}", code + 4)))->symbols[0].offset ==
          4);
    CHECK(find_symbols(*dump, request_of(Which::Named, "init_task"))->symbols[0].type == '?');
    for (const std::string& word : {std::string("slab_caches"), fmt::format("{:x}", data + 8)}) {
        const auto none = find_symbols(*dump, request_of(Which::Named, word));
        REQUIRE_FALSE(none);
        CHECK(none.error().code == ErrorCode::MissingDebugInfo);
        CHECK(contains(none.error().message, "functions alone"));
    }
    const auto parts = find_symbols(*dump, request_of(Which::Containing, "init_"));
    REQUIRE(parts);
    CHECK(parts->symbols.size() >= 2);
    REQUIRE(parts->problems.size() == 1);
    CHECK(contains(parts->problems[0].message, "functions alone"));
}

}  // namespace function_symbols_test
