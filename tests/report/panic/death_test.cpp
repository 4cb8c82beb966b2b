#include "report/panic/death.h"

#include <doctest/doctest.h>

#include "kernel/sched/tasks.h"
#include "support/fake_kernel.h"

namespace death_test {

using namespace postmortem;

namespace {

/// Task 7 on CPU 1, whose backtrace begins with the exception.
PanicEvidence without_the_end() {
    PanicEvidence evidence;
    evidence.task.emplace();
    evidence.task->pid = 7;
    evidence.backtrace.emplace();
    evidence.backtrace->pid = 7;
    evidence.backtrace->cpu = 1;
    Frame frame;
    frame.function = "widget_touch";
    frame.trust = FrameTrust::Registers;
    evidence.backtrace->frames.push_back(frame);
    return evidence;
}

LogEvent oops(unsigned pid, unsigned cpu) {
    LogEvent event;
    event.pid = pid;
    event.cpu = cpu;
    return event;
}

}  // namespace

TEST_CASE("an oops of the task that is in crash_kexec(), where its stack does not show it") {
    CHECK(machine_died_of(oops(7, 1), without_the_end(), 1));
    CHECK_FALSE(machine_died_of(oops(7, 1), without_the_end(), std::nullopt));
    CHECK_FALSE(machine_died_of(oops(7, 1), without_the_end(), 0));
    CHECK_FALSE(machine_died_of(oops(8, 1), without_the_end(), 1));
    CHECK_FALSE(machine_died_of(oops(7, 0), without_the_end(), 1));
    PanicEvidence shown = without_the_end();
    shown.backtrace->frames.front().function = "__crash_kexec";
    CHECK(machine_died_of(oops(7, 1), shown, std::nullopt));
    shown.backtrace->frames.front().trust = FrameTrust::Scan;
    CHECK_FALSE(machine_died_of(oops(7, 1), shown, std::nullopt));
}

TEST_CASE("the CPU that panicked is the kernel's own word, not the header's") {
    for (const std::int32_t cpu : {-1, 0, 3}) {
        CAPTURE(cpu);
        test::FakeKernel fake;
        fake.put<std::int32_t>(fake.variable("panic_cpu", 8), cpu);
        const auto kernel = fake.open();
        const auto found = panicked_cpu(*kernel);
        CHECK(found.has_value() == (cpu >= 0));
        if (found) CHECK(*found == static_cast<std::uint32_t>(cpu));
    }
}

TEST_CASE("before panic_cpu there was a number of the crashing CPU, whose 0 nobody may have written") {
    for (const std::int32_t cpu : {-1, 0, 3}) {
        CAPTURE(cpu);
        test::FakeKernel fake;
        fake.put<std::int32_t>(fake.variable("crashing_cpu", 8), cpu);
        const auto found = panicked_cpu(*fake.open());
        CHECK(found.has_value() == (cpu > 0));
        if (found) CHECK(*found == 3);
    }
}

}  // namespace death_test
