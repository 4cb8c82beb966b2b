// Which event killed the machine, told from headlines alone.
#include "log/events/cause.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace cause_test {

using namespace postmortem;

namespace {

struct Given {
    EventClass event_class;
    std::string headline = "report";
    double seconds = 0;
    unsigned die_count = 0;
    std::size_t boot = 0;
    std::uint32_t pid = 100;
};

std::optional<std::size_t> cause_of(const std::vector<Given>& given) {
    std::vector<LogEvent> events;
    for (const Given& one : given) {
        LogEvent event;
        event.event_class = one.event_class;
        event.headline = one.headline;
        event.seconds = one.seconds;
        if (one.die_count != 0) event.die_count = one.die_count;
        event.boot = one.boot;
        event.pid = one.pid;
        events.push_back(std::move(event));
    }
    return find_cause(events);
}

const std::string fatal = "Kernel panic - not syncing: Fatal exception in interrupt";
const std::string on_warn = "Kernel panic - not syncing: panic_on_warn set ...";

}  // namespace

TEST_CASE("a fatal exception is never the answer when there is an oops") {
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 5, 1}, {EventClass::Escalation, fatal, 5}}) ==
          0);
    // Old warnings are not to blame.
    CHECK(cause_of({{EventClass::Warning, "WARNING", 1},
                    {EventClass::NullDereference, "BUG: NULL", 500, 1},
                    {EventClass::Escalation, fatal, 500}}) == 1);
    CHECK(cause_of({{EventClass::Escalation, fatal, 5}}) == 0);
}

TEST_CASE("a dump that was asked for after an oops is about the oops") {
    const std::string sysrq = "Kernel panic - not syncing: sysrq triggered crash";
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 5, 1}, {EventClass::SysrqCrash, sysrq, 60}}) ==
          0);
    CHECK(cause_of({{EventClass::Warning, "WARNING", 5}, {EventClass::SysrqCrash, sysrq, 60}}) == 1);
    CHECK(cause_of({{EventClass::OutOfMemory, "oom-kill", 5}, {EventClass::SysrqCrash, sysrq, 60}}) == 1);
}

TEST_CASE("the first oops of a chain") {
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 100, 1},
                    {EventClass::PageFault, "BUG: paging", 130, 2},
                    {EventClass::Escalation, fatal, 130}}) == 0);
    // The machine lived on from the first for hours.
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 100, 1},
                    {EventClass::PageFault, "BUG: paging", 9000, 2},
                    {EventClass::Escalation, fatal, 9000}}) == 1);
    // No oops is later than the panic that it leads to: these are of another log.
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 9000, 1},
                    {EventClass::Escalation, fatal, 100}}) == 1);
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 9000, 1},
                    {EventClass::PageFault, "BUG: paging", 100, 1},
                    {EventClass::Escalation, fatal, 100}}) == 1);
    CHECK(cause_of({{EventClass::Kasan, "BUG: KASAN", 99},
                    {EventClass::GeneralProtectionFault, "general protection fault", 100, 1},
                    {EventClass::Escalation, fatal, 100}}) == 0);
    CHECK(cause_of({{EventClass::Kasan, "BUG: KASAN", 9},
                    {EventClass::GeneralProtectionFault, "general protection fault", 100, 1},
                    {EventClass::Escalation, fatal, 100}}) == 1);
    // BUG() in a list check is an oops, whatever its class.
    CHECK(cause_of({{EventClass::ListCorruption, "kernel BUG at lib/list_debug.c", 5, 1},
                    {EventClass::Escalation, fatal, 5}}) == 0);
}

TEST_CASE("settings that turn a report into a panic") {
    CHECK(cause_of({{EventClass::Warning, "WARNING", 1},
                    {EventClass::Warning, "WARNING", 50},
                    {EventClass::Escalation, on_warn, 50}}) == 1);
    CHECK(cause_of({{EventClass::HungTask, "INFO: task a", 100},
                    {EventClass::HungTask, "INFO: task b", 340},
                    {EventClass::HungTask, "INFO: task c", 340.1},
                    {EventClass::Escalation, "Kernel panic - not syncing: hung_task: blocked tasks",
                     340.2}}) == 1);
    CHECK(cause_of({{EventClass::SoftLockup, "BUG: soft lockup", 60},
                    {EventClass::Escalation, "Kernel panic - not syncing: softlockup: hung tasks", 60}}) ==
          0);
    CHECK(cause_of(
              {{EventClass::OutOfMemory, "a invoked oom-killer", 60},
               {EventClass::OutOfMemory,
                "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled", 60}}) == 0);
    CHECK(cause_of({{EventClass::RcuStall, "rcu: INFO: rcu_sched self-detected stall", 60},
                    {EventClass::Escalation, "Kernel panic - not syncing: RCU Stall", 60}}) == 0);
}

TEST_CASE("panics with a reason of their own") {
    CHECK(cause_of({{EventClass::Warning, "WARNING", 1},
                    {EventClass::Panic, "Kernel panic - not syncing: x", 2}}) == 1);
    CHECK(cause_of({{EventClass::InitKilled, "Kernel panic - not syncing: Attempted to kill init!", 2}}) ==
          0);
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 2, 1, 0, 1},
                    {EventClass::InitKilled, "Kernel panic - not syncing: Attempted to kill init!", 2}}) ==
          0);
    CHECK(cause_of({{EventClass::NullDereference, "BUG: NULL", 2, 1, 0, 55},
                    {EventClass::InitKilled, "Kernel panic - not syncing: Attempted to kill init!", 2}}) ==
          1);
    CHECK(cause_of({{EventClass::MachineCheck, "mce: [Hardware Error]: CPU 0: Machine Check", 2},
                    {EventClass::MachineCheck, "Kernel panic - not syncing: Fatal machine check", 2}}) == 0);
}

TEST_CASE("without a panic the gravest event counts, the first of its kind") {
    CHECK_FALSE(cause_of({}));
    CHECK(cause_of({{EventClass::Lockdep}, {EventClass::Warning}}) == 0);
    CHECK(cause_of({{EventClass::Warning}, {EventClass::HungTask}, {EventClass::HungTask}}) == 1);
    CHECK(cause_of({{EventClass::OutOfMemory}, {EventClass::Warning}}) == 1);
    CHECK(cause_of({{EventClass::Warning, "WARNING", 1}, {EventClass::PageFault, "BUG", 50, 1}}) == 1);
}

TEST_CASE("the boot that crashed, and the first panic of it") {
    CHECK(cause_of({{EventClass::Panic, "Kernel panic - not syncing: a", 1, 0, 0},
                    {EventClass::Panic, "Kernel panic - not syncing: b", 1, 0, 1},
                    {EventClass::Warning, "WARNING", 1, 0, 2}}) == 1);
    CHECK(cause_of({{EventClass::Panic, "Kernel panic - not syncing: a", 1},
                    {EventClass::NullDereference, "BUG", 2, 1},
                    {EventClass::Escalation, fatal, 2}}) == 0);
}

}  // namespace cause_test
