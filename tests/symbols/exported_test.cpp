// Symbols that kallsyms leaves out, found by what the kernel exports to its modules.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/symbol_list.h>

#include "kernel/sched/clock.h"
#include "support/fake_kernel.h"

namespace exported_test {

using namespace postmortem;
using test::FakeBuild;
using test::FakeKernel;

namespace {

/// An entry of the export table: an address, and the name's.
std::uint64_t put_export(FakeKernel& fake, std::string_view name, std::uint64_t address) {
    const std::uint64_t entry = fake.variable(fmt::format("__ksymtab_{}", name), 2 * fake.word());
    const std::uint64_t text = fake.variable(fmt::format("__kstrtab_{}", name), 32);
    fake.write(text, name);
    fake.put_word(entry, address);
    fake.put_word(entry + fake.word(), text);
    return entry;
}

}  // namespace

TEST_CASE("an absolute symbol that kallsyms leaves out is found where it is exported") {
    for (const FakeBuild build : {FakeBuild::X86_64, FakeBuild::I386}) {
        FakeKernel fake(build);
        const std::uint64_t place = fake.variable("vsyscall_data", 8);
        put_export(fake, "jiffies_64", place);
        fake.put_u64(place, 0xffff15a0ull + 7500);
        const auto kernel = fake.open();
        CHECK(kernel->symbol("jiffies_64").value() == place);
        CHECK(ticks_since_boot(*kernel, 200).value() == 7500);
        CHECK(kernel->symbol("jiffies").error().code == ErrorCode::NotFound);
        const auto dump = CrashDump::open(kernel->path());
        REQUIRE(dump);
        SymbolListRequest request;
        request.words = {"jiffies_64"};
        const auto listing = find_symbols(*dump, request);
        REQUIRE(listing);
        CHECK(listing->symbols.front().address == place);
    }
}

TEST_CASE("an entry of the export table that is not the symbol's own counts for nothing") {
    FakeKernel fake;
    const std::uint64_t entry = put_export(fake, "jiffies_64", fake.variable("vsyscall_data", 8));
    fake.put_word(entry + fake.word(), entry);
    put_export(fake, "lost", 0xffffffff81000000ull);
    const auto kernel = fake.open();
    CHECK(kernel->symbol("jiffies_64").error().code == ErrorCode::NotFound);
    CHECK(kernel->symbol("lost").has_value());
}

}  // namespace exported_test
