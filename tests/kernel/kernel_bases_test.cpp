// Where parts of the address space begin: by the kernel's own variable, or tried.
#include "kernel/kernel_bases.h"

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>

#include "support/real_dumps.h"

namespace kernel_bases_test {

using namespace postmortem;

TEST_SUITE("real dumps") {
    TEST_CASE("the direct map is where its variable says; without one, where physical memory is found") {
        constexpr std::uint64_t nowhere = 0xfffe000000000000;
        unsigned known = 0;
        for (const auto& path : test::real_dumps("vmcore")) {
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const Kernel& kernel = dump->kernel();
            const auto base = base_address(kernel, "KERNEL VIRTUAL BASE");
            if (!kernel.arch().memory.bases) {
                if (!kernel.arch().memory.direct_map_end) CHECK_FALSE(base);
                continue;
            }
            // The variable is there, and its page is not: no other address stands in for it.
            if (!base && base.error().code == ErrorCode::PageExcluded) continue;
            REQUIRE_MESSAGE(base, base.error().message);
            ++known;
            CHECK(address_of(kernel, {"", "no_such_variable", nowhere, *base}).value_or(0) == *base);
            CHECK(address_of(kernel, {"", "no_such_variable", *base, nowhere}).value_or(0) == *base);
            CHECK(address_of(kernel, {"", "no_such_variable", nowhere, 0}).value_or(0) == nowhere);
            CHECK_FALSE(address_of(kernel, {"", "no_such_variable", nowhere, nowhere}));
            CHECK_FALSE(base_address(kernel, "NO SUCH BASE"));
        }
        CHECK(known > 0);
    }
}

}  // namespace kernel_bases_test
