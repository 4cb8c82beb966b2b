// The timer wheels of kernels before 4.8, and the clocks' trees before 2.6.38.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/timers.h>

#include "base/text.h"
#include "kernel/time/timers.h"
#include "report/tasks/task_header_text.h"
#include "support/fake_kernel.h"

namespace timer_vectors_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

constexpr std::uint64_t start = 0xffff15a0ull + 1000;  // jiffies at 200 Hz

/// The vectors' sizes are those of kernel/time/timer.c with CONFIG_BASE_SMALL: 64 and 16 lists each.
struct Wheels {
    explicit Wheels(bool rings) : rings_(rings) {
        auto& b = fake.types();
        const auto u64 = b.integer("long unsigned int", 8);
        const auto pointer = b.pointer(u64);
        const auto head = rings ? b.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}})
                                : b.structure("hlist_head", 8, {{"first", pointer, 0}});
        const auto node =
            rings ? head : b.structure("hlist_node", 16, {{"next", pointer, 0}, {"pprev", pointer, 64}});
        b.structure("timer_list", 48, {{"entry", node, 0}, {"expires", u64, 128}, {"function", u64, 192}});
        const std::uint32_t each = rings ? 16 : 8, first = 64 * each, other = 16 * each;
        const auto root = b.structure("tvec_root", first, {{"vec", b.array(head, 64), 0}});
        const auto vector = b.structure("tvec", other, {{"vec", b.array(head, 16), 0}});
        size = 16 + first + 4 * other;
        b.structure("tvec_base", size,
                    {{"lock", b.integer("int", 4), 0},
                     {"tv1", root, 16 * 8},
                     {"tv2", vector, (16 + first) * 8},
                     {"tv3", vector, (16 + first + other) * 8},
                     {"tv4", vector, (16 + first + 2 * other) * 8},
                     {"tv5", vector, (16 + first + 3 * other) * 8}});
        fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 1);
        fake.put_u64(fake.variable("__cpu_online_mask"), 1);
        fake.put_u64(fake.variable("__per_cpu_offset"), 0);
        fake.put_u64(fake.variable("tick_nsec"), 5'000'000);
        fake.put_u64(fake.variable("jiffies"), start);
        fake.put_u64(fake.variable("jiffies_64"), start);
    }
    void lay(std::uint64_t base) {
        for (std::uint64_t at = base + 16; rings_ && at < base + size; at += 16) fake.link_list(at, {});
        put(base + 16 + 5 * step(), start + 5, "near_timer");
        put(base + 16 + 64 * step(), start + 70, "far_timer");
        put(base + size - step(), start + 3, "odd_timer");
    }
    void put(std::uint64_t head, std::uint64_t expires, std::string_view function) {
        const std::uint64_t timer = fake.allocate(64);
        fake.put_u64(timer + 16, expires);
        fake.put_u64(timer + 24, fake.variable(function, 16));
        if (rings_) return fake.link_list(head, {timer});
        fake.put_u64(head, timer);
        fake.put_u64(timer + 8, head);
    }
    std::uint64_t step() const { return rings_ ? 16 : 8; }

    FakeKernel fake;
    std::uint32_t size = 0;
    bool rings_;
};

}  // namespace

TEST_CASE("before 4.8 a CPU has one wheel of five vectors") {
    for (const bool rings : {true, false}) {
        CAPTURE(rings);
        Wheels made(rings);
        std::uint64_t base = 0;
        if (rings) {  // until 4.2 there is a pointer to it; until 2.6.33 the symbol has a prefix
            base = made.fake.allocate(made.size);
            made.fake.put_u64(made.fake.variable("per_cpu__tvec_bases"), base);
        } else {
            base = made.fake.variable("tvec_bases", made.size);
        }
        made.lay(base);
        const auto kernel = made.fake.open();
        Problems problems;
        const auto wheels = read_timer_wheels(*kernel, 0, problems);
        REQUIRE_MESSAGE(wheels, wheels.error().message);
        CHECK(problems.empty());
        REQUIRE(wheels->size() == 1);
        const TimerWheel& wheel = wheels->front();
        CHECK(wheel.address == base);
        REQUIRE(wheel.timers.size() == 3);
        CHECK(wheel.timers[0].expires == start + 3);
        CHECK(wheel.timers[1].expires == start + 5);
        CHECK(wheel.timers[2].expires == start + 70);
        const auto dump = CrashDump::open(kernel->path());
        REQUIRE(dump);
        const auto timers = pending_timers(*dump, {});
        REQUIRE(timers);
        // crash puts the time above all wheels, or, since there are hlists, into each
        const std::string heading = fmt::format("TVEC_BASES[0]: {:x}\n", base);
        CHECK(contains(to_text(*timers), heading));
        CHECK(contains(to_text(*timers), heading + centered("JIFFIES", 10, true) + "\n") == !rings);
        CHECK(contains(to_text(*timers), "<far_timer>"));
    }
}

TEST_CASE("before 2.6.38 a clock's tree has its root bare, and times are unions until 4.10") {
    FakeKernel fake;
    auto& b = fake.types();
    const auto u64 = b.integer("long unsigned int", 8), s64 = b.integer("long long int", 8, true);
    const auto pointer = b.pointer(u64);
    const auto time = b.union_of("ktime", 8, {{"tv64", s64, 0}});
    const auto node = b.structure(
        "rb_node", 24, {{"rb_parent_color", u64, 0}, {"rb_right", pointer, 64}, {"rb_left", pointer, 128}});
    const auto root = b.structure("rb_root", 8, {{"rb_node", pointer, 0}});
    b.structure("hrtimer", 64,
                {{"node", node, 0},
                 {"_expires", time, 192},
                 {"_softexpires", time, 256},
                 {"function", pointer, 320}});
    const auto clock = b.structure("hrtimer_clock_base", 32,
                                   {{"active", root, 0}, {"get_time", pointer, 64}, {"offset", time, 128}});
    b.structure("hrtimer_cpu_base", 64, {{"clock_base", b.array(clock, 2), 0}});
    fake.put<std::uint32_t>(fake.variable("nr_cpu_ids", 4), 1);
    fake.put_u64(fake.variable("__per_cpu_offset"), 0);
    const std::uint64_t base = fake.variable("per_cpu__hrtimer_bases", 64), timer = fake.allocate(64);
    fake.put_u64(base + 32, timer);
    fake.put<std::int64_t>(base + 16, -500);
    fake.put_u64(timer, 1);
    fake.put<std::int64_t>(timer + 24, 12'246'971'596);
    fake.put<std::int64_t>(timer + 32, 12'246'971'000);
    fake.put_u64(timer + 40, base);
    Problems problems;
    const auto clocks = read_timer_clocks(*fake.open(), 0, problems);
    REQUIRE_MESSAGE(clocks, clocks.error().message);
    for (const Error& problem : problems) CHECK_MESSAGE(false, problem.message);
    REQUIRE(clocks->clocks.size() == 2);
    CHECK(clocks->clocks[0].offset == -500);
    REQUIRE(clocks->clocks[1].timers.size() == 1);
    CHECK(clocks->clocks[1].timers[0].expires == 12'246'971'596);
    CHECK(clocks->clocks[1].timers[0].soft_expires == 12'246'971'000);
}

}  // namespace timer_vectors_test
