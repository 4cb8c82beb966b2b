// Timekeepers of kernels that the lab does not have.
#include "kernel/sched/clock.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace clock_test {

using namespace postmortem;
using test::FakeKernel;

// The offsets are those of RHEL 6 (2.6.32-642, x86_64), whose timekeeper came from later kernels: up
// for 60.75 s, and asleep for three more.
void set_clock(FakeKernel& fake) {
    auto& types = fake.types();
    const auto s64 = types.integer("long int", 8), s32 = types.integer("int", 4);
    const auto timespec = types.structure("timespec", 16, {{"tv_sec", s64, 0}, {"tv_nsec", s64, 64}});
    types.structure("timekeeper", 176,
                    {{"shift", s32, 12 * 8},
                     {"xtime_nsec", s64, 48 * 8},
                     {"xtime", timespec, 80 * 8},
                     {"wall_to_monotonic", timespec, 96 * 8},
                     {"total_sleep_time", timespec, 112 * 8},
                     {"offs_boot", s64, 152 * 8}});
    const auto at = fake.variable("timekeeper", 176);
    fake.put<std::int32_t>(at + 12, 22);
    fake.put_u64(at + 48, 0x3fffff);
    fake.put_u64(at + 80, 1795228766);
    fake.put_u64(at + 88, 250'000'000);
    fake.put<std::int64_t>(at + 96, -1795228706);
    fake.put<std::int64_t>(at + 104, 500'000'000);
    fake.put<std::int64_t>(at + 152, 3'000'000'000);
}

TEST_CASE("until 3.6 the time is a struct timespec of the timekeeper") {
    FakeKernel fake;
    set_clock(fake);
    const auto clock = read_clock(*fake.open());
    REQUIRE(clock);
    CHECK(clock->real_seconds == 1795228766);
    CHECK(clock->real_ns == 250'000'000);
    CHECK(clock->boottime_ns == 63'750'000'000);
    CHECK(clock->monotonic_ns == 60'750'000'000);
}

std::uint64_t since_boot_by(std::uint64_t ticks) {
    FakeKernel fake;
    set_clock(fake);
    fake.put_u64(fake.variable("tick_nsec"), 1'000'000);
    fake.put_u64(fake.variable("jiffies_64"), std::uint32_t(-300'000) + ticks);
    const auto found = time_since_boot(*fake.open());
    REQUIRE(found);
    return *found;
}

TEST_CASE("time goes by jiffies as long as the clock agrees with them") {
    CHECK(since_boot_by(60'100) == 60'100'000'000);
    CHECK(since_boot_by(57'000) == 60'750'000'000);
    CHECK(since_boot_by(90'000) == 60'750'000'000);
}

TEST_CASE("without a timekeeper all of its names are told; where there is one, what else is missing") {
    FakeKernel none;
    CHECK(read_clock(*none.open()).error().message ==
          "no symbol named timekeeper_data or tk_core or shadow_timekeeper or timekeeper");
    FakeKernel untyped;
    untyped.variable("timekeeper", 176);
    const auto clock = read_clock(*untyped.open());
    REQUIRE_FALSE(clock);
    CHECK(clock.error().message.find("symbol") == std::string::npos);
}

}  // namespace clock_test
