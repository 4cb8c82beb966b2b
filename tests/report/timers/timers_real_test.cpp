// Timers of real dumps against the guest's own /proc/timer_list, and as crash prints them.
#include <algorithm>
#include <sstream>

#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/timers.h>

#include "base/text.h"
#include "support/proc_truth.h"
#include "support/real_dumps.h"

namespace timers_real_test {

using namespace postmortem;
using postmortem::test::ProcTruth;

namespace {

struct TrueTimer {
    std::uint32_t cpu = 0, clock = 0;
    std::string function;
    std::int64_t soft_expires = 0, expires = 0, in = 0;
};

// " #4: <…>, hrtimer_wakeup, S:01" and "# expires at A-B nsecs [in C to D nsecs]".
std::vector<TrueTimer> timers_of(std::string_view text) {
    std::vector<TrueTimer> timers;
    TrueTimer one;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second;
        words >> first >> second;
        if (first == "cpu:") one.cpu = static_cast<std::uint32_t>(std::stoul(second));
        if (first == "clock") one.clock = static_cast<std::uint32_t>(std::stoul(second));
        // (an address that the kernel does not tell yet has spaces)
        if (const auto name = line.find(">, "); first.starts_with("#") && name != line.npos)
            one.function = line.substr(name + 3, line.find(',', name + 3) - name - 3);
        if (first != "#" || second != "expires") continue;
        char dash = 0;
        std::string at, unit, in;
        words >> at >> one.soft_expires >> dash >> one.expires >> unit >> in >> one.in;
        timers.push_back(one);
    }
    return timers;
}

bool is_told(const PendingTimers& timers, const TrueTimer& wanted) {
    for (const CpuTimers& cpu : timers.cpus) {
        if (cpu.cpu != wanted.cpu || wanted.clock >= cpu.queues.size()) continue;
        const auto& all = cpu.queues[wanted.clock].timers;
        if (std::any_of(all.begin(), all.end(), [&](const PendingTimer& one) {
                return one.expires == wanted.expires && one.soft_expires == wanted.soft_expires &&
                       one.function_name == wanted.function;
            }))
            return true;
    }
    return false;
}

PendingTimers sample() {
    PendingTimers timers;
    timers.jiffies = 4294896314;
    TimerQueue wheel{"BASE_STD", 0xffff888c7e420980, std::nullopt, {}};
    wheel.timers.push_back({0xffff888c7ffb8810, 4294896325, 0, 11, 0xffffffff9f956680, "blk_stat_timer_fn"});
    wheel.timers.push_back(
        {0xffff888c7fc6c208, 4294897360, 0, 1046, 0xffffffff9f4b79d0, "delayed_work_timer_fn"});
    timers.cpus.push_back({0, 0, {wheel}});
    return timers;
}

}  // namespace

TEST_SUITE("real dumps") {
    TEST_CASE("the hrtimers that /proc/timer_list saw far ahead are there") {
        constexpr std::int64_t far_ahead = 100'000'000'000;
        for (const auto& path : test::real_dumps("vmcore")) {
            const auto truth = ProcTruth::beside(path);
            const auto file = truth ? truth->file("/proc/timer_list") : std::nullopt;
            if (!file || file->empty()) continue;
            CAPTURE(path.string());
            const auto dump = CrashDump::open(path);
            REQUIRE_MESSAGE(dump, dump.error().message);
            const auto timers = pending_timers(*dump, {true, {}});
            if (!timers && timers.error().code == ErrorCode::MissingDebugInfo)
                continue;  // and the command says so
            REQUIRE_MESSAGE(timers, timers.error().message);
            if (!timers->problems.empty()) continue;  // an extract lacks what is read here
            std::size_t compared = 0;
            for (const TrueTimer& one : timers_of(*file)) {
                // The tick of an idle CPU is far ahead, too, but set anew whenever it wakes.
                if (one.in < far_ahead || one.function.starts_with("tick_")) continue;
                ++compared;
                CAPTURE(one.function);
                CAPTURE(one.expires);
                CHECK(is_told(*timers, one));
            }
            CHECK(compared > 0);
            const auto wheels = pending_timers(*dump);
            REQUIRE(wheels);
            CHECK(wheels->problems.empty());
            std::size_t named = 0, all = 0;
            for (const CpuTimers& cpu : wheels->cpus)
                for (const TimerQueue& queue : cpu.queues)
                    for (const PendingTimer& timer : queue.timers) {
                        ++all;
                        named += !timer.function_name.empty();
                    }
            CHECK(all > 0);
            CHECK(named == all);
        }
    }
}

TEST_CASE("wheels are printed as crash prints them") {
    CHECK(to_text(sample()) ==
          "JIFFIES   \n4294896314\n\n"
          "TIMER_BASES[0][BASE_STD]: ffff888c7e420980\n"
          "  EXPIRES        TTE       TIMER_LIST     FUNCTION\n"
          "  4294896325     11  ffff888c7ffb8810  ffffffff9f956680  <blk_stat_timer_fn>\n"
          "  4294897360   1046  ffff888c7fc6c208  ffffffff9f4b79d0  <delayed_work_timer_fn>\n");
}

TEST_CASE("hrtimers are printed as crash prints them") {
    PendingTimers timers;
    timers.precise = true;
    TimerQueue clock{"ktime_get", 0xffff888c7e522ec0, 16072000000, {}};
    clock.timers.push_back(
        {0xffff888c7e523440, 16400000000, 16400000000, 328000000, 0xffffffff9f558f60, "tick_sched_timer"});
    timers.cpus.push_back({2, 0xffff888c7e522e80, {clock, {"ktime_get_real", 0xffff888c7e522f00, 0, {}}}});
    CHECK(to_text(timers) ==
          "CPU: 2  HRTIMER_CPU_BASE: ffff888c7e522e80\n"
          "  CLOCK: 0  HRTIMER_CLOCK_BASE: ffff888c7e522ec0  [ktime_get]\n"
          "    CURRENT  \n  16072000000\n"
          "  SOFTEXPIRES    EXPIRES       TTE         HRTIMER           FUNCTION    \n"
          "  16400000000  16400000000  328000000  ffff888c7e523440  ffffffff9f558f60  <tick_sched_timer>\n\n"
          "  CLOCK: 1  HRTIMER_CLOCK_BASE: ffff888c7e522f00  [ktime_get_real]\n"
          "  (empty)\n");
}

TEST_CASE("hrtimers that are narrower than the head of their column stand to the right, as crash has it") {
    PendingTimers timers;
    timers.precise = true;
    TimerQueue clock{"ktime_get", 0xffff8ef61da22ec0, 6692000000, {}};
    clock.timers.push_back(
        {0xffff8ef61da23440, 6888000000, 6888000000, 196000000, 0xffffffffb6558f60, "tick_sched_timer"});
    timers.cpus.push_back({0, 0xffff8ef61da22e80, {clock}});
    CHECK(to_text(timers) ==
          "CPU: 0  HRTIMER_CPU_BASE: ffff8ef61da22e80\n"
          "  CLOCK: 0  HRTIMER_CLOCK_BASE: ffff8ef61da22ec0  [ktime_get]\n"
          "    CURRENT  \n   6692000000\n"
          "  SOFTEXPIRES    EXPIRES      TTE         HRTIMER           FUNCTION    \n"
          "   6888000000  6888000000  196000000  ffff8ef61da23440  ffffffffb6558f60  <tick_sched_timer>\n");
}

}  // namespace timers_real_test
