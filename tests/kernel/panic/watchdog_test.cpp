// Which lockup detectors are at work, before and since each has a bit of its own.
#include "kernel/panic/watchdog.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace watchdog_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

WatchdogState watchdog_of(FakeKernel& fake) {
    ProblemCollector problems;
    const auto state = read_watchdog(*fake.open(), 60'000'000'000, problems);
    REQUIRE_MESSAGE(state, state.error().message);
    CHECK(problems.take().empty());
    return *state;
}

}  // namespace

TEST_CASE("until 4.1 one number stands for both detectors, the hard one of which needs a counter") {
    for (const std::uint32_t on : {0u, 1u})
        for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{0xffff880012345000}}) {
            FakeKernel fake;
            fake.put_u64(fake.variable("__cpu_online_mask"), 1);
            const std::uint64_t enabled = fake.variable("watchdog_enabled");
            fake.put<std::uint32_t>(enabled, on);
            fake.put<std::uint32_t>(enabled + 4, 7);  // another variable
            fake.variable("watchdog_touch_ts");
            fake.put_u64(fake.variable("watchdog_ev"), counter);
            const WatchdogState state = watchdog_of(fake);
            CHECK(state.soft_enabled == (on != 0));
            CHECK(state.hard_enabled == (on != 0 && counter != 0));
        }
}

TEST_CASE("a kernel without the hard detector has none at work") {
    FakeKernel fake;
    fake.put_u64(fake.variable("__cpu_online_mask"), 1);
    fake.put<std::uint32_t>(fake.variable("watchdog_enabled"), 1);
    fake.variable("watchdog_touch_ts");
    const WatchdogState state = watchdog_of(fake);
    CHECK(state.soft_enabled);
    CHECK_FALSE(state.hard_enabled);
}

TEST_CASE("since then each has a bit") {
    for (const std::uint64_t bits : {1u, 2u, 3u}) {
        FakeKernel fake;
        fake.put_u64(fake.variable("__cpu_online_mask"), 1);
        fake.put_u64(fake.variable("watchdog_enabled"), bits);
        fake.variable("soft_watchdog_user_enabled");
        fake.variable("watchdog_touch_ts");
        const WatchdogState state = watchdog_of(fake);
        CHECK(state.hard_enabled == ((bits & 1) != 0));
        CHECK(state.soft_enabled == ((bits & 2) != 0));
    }
}

}  // namespace watchdog_test
