// What became of the machine: whether it died of an event or went on, what only follows from what, and what
// part each event has in the story.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

#include "support/one_event.h"

namespace outcome_test {

using namespace postmortem;
using test::analysed;
using test::only;
using test::with_body;

TEST_CASE("who asks for a dump long after an oops kills the machine; the oops killed a task") {
    const LogAnalysis analysis = analyse_log_text(
        "[33515.987667] BUG: unable to handle page fault for address: ffff888005520bc0\n"
        "[33515.987954] Oops: Oops: 0003 [#1] SMP NOPTI\n"
        "[33515.988294] RIP: 0010:sched_mm_cid_exit+0xb1/0x1b0\n"
        "[33515.990924] ---[ end trace 0000000000000000 ]---\n[33582.311654] sysrq: Trigger a crash\n"
        "[33582.311693] Kernel panic - not syncing: sysrq triggered crash\n");
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[0].outcome == Outcome::KilledTask);
    CHECK(analysis.events[1].outcome == Outcome::Died);
    CHECK(analysis.died);
}

TEST_CASE("the machine died, or it went on") {
    LogAnalysis oops = analysed(with_body({"general protection fault: 0000 [#1] SMP"}));
    CHECK(oops.events[0].outcome == Outcome::KilledTask);
    CHECK_FALSE(oops.died);
    std::vector<std::string> lines = with_body({"general protection fault: 0000 [#1] SMP"});
    lines.push_back("Kernel panic - not syncing: Fatal exception");
    const LogAnalysis panic = analysed(lines);
    REQUIRE(panic.events.size() == 2);
    CHECK(panic.died);
    CHECK(panic.events[0].outcome == Outcome::Died);
    CHECK(panic.events[0].role == EventRole::Killed);
    CHECK(panic.events[1].follows == 0);
    const LogAnalysis kasan = analysed(
        {"BUG: KASAN: slab-use-after-free in widget_read+0x1/0x2", "Read of size 8 at addr 1 by task a/1",
         "Call Trace:", " widget_read+0x1/0x2", "Kernel panic - not syncing: kasan.fault=panic set ..."});
    CHECK(kasan.cause == 0);
    CHECK(kasan.events.at(1).follows == 0);
    const LogAnalysis oom =
        analysed({"cat invoked oom-killer: gfp_mask=0x0, order=0",
                  "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled"});
    CHECK(oom.cause == 0);
    CHECK(oom.events.at(1).follows == 0);
    CHECK(oom.events.at(0).outcome == Outcome::Died);
    CHECK(
        only({"INFO: task cat:77 blocked for more than 120 seconds.", "Call Trace:", " widget_wait+0x1/0x2"})
            .outcome == Outcome::TaskSleeps);
}

TEST_CASE("what a checker says of a task that exits from its oops follows from the oops") {
    std::vector<std::string> lines =
        with_body({"BUG: kernel NULL pointer dereference, address: 0", "Oops: 0000 [#1] SMP"});
    const std::vector<std::string> exit = {
        "BUG: sleeping function called from invalid context at include/linux/percpu-rwsem.h:49",
        "in_atomic(): 0, irqs_disabled(): 1, non_block: 0, pid: 77, name: cat",
        "CPU: 0 PID: 77 Comm: cat Tainted: G      D           6.1.0 #1",
        "Call Trace:",
        " __might_resched+0x1/0x2",
        " exit_signals+0x1/0x2",
        " do_exit+0x1/0x2",
        " make_task_dead+0x1/0x2"};
    lines.insert(lines.end(), exit.begin(), exit.end());
    LogAnalysis analysis = analysed(lines);
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[1].follows == 0);
    CHECK(analysis.events[1].pid == 77);
    lines.push_back("Kernel panic - not syncing: Fatal exception");
    analysis = analysed(lines);
    REQUIRE(analysis.events.size() == 3);
    CHECK(analysis.events[2].follows == 0);
    CHECK(analysis.events[1].role != EventRole::Killed);
    for (std::string& line : lines)  // another task's says nothing of the oops
        if (line.starts_with("CPU: 0 PID: 77 Comm: cat Tainted")) line.replace(12, 2, "78");
    for (std::string& line : lines)
        if (const std::size_t at = line.find("pid: 77"); at != std::string::npos)
            line.replace(at, 7, "pid: 78");
    CHECK_FALSE(analysed(lines).events.at(1).follows);
}

TEST_CASE("what came between the cause and the panic led to it; what came behind the panic did not") {
    const std::vector<std::string> kasan = {"BUG: KASAN: slab-use-after-free in widget_read+0x1/0x2",
                                            "Read of size 8 at addr 1 by task a/1",
                                            "Call Trace:", " widget_read+0x1/0x2", " widget_poll+0x1/0x2"};
    std::vector<std::string> lines = kasan;
    for (const std::string& line : with_body({"general protection fault: 0000 [#1] SMP"}))
        lines.push_back(line);
    lines.push_back("Kernel panic - not syncing: Fatal exception");
    lines.push_back("WARNING: CPU: 0 PID: 7 at kernel/sched/core.c:1 gadget_call+0x1/0x2");
    for (const std::string& line : with_body({})) lines.push_back(line);
    const LogAnalysis analysis = analysed(lines);
    REQUIRE(analysis.events.size() == 4);
    CHECK(analysis.cause == 0);
    CHECK(analysis.events[1].role == EventRole::Killed);
    CHECK(analysis.events[2].role == EventRole::Killed);
    CHECK(analysis.events[3].role == EventRole::Aftermath);
}

TEST_CASE("a panic of 2.4 or of parisc follows from the oops before it") {
    for (const std::string panic :
         {"Kernel panic: Fatal exception", "Kernel panic: Aiee, killing interrupt handler!",
          "Kernel panic - not syncing: Kernel Fault"}) {
        CAPTURE(panic);
        std::vector<std::string> lines = with_body({"general protection fault: 0000 [#1] SMP"});
        lines.push_back(panic);
        const LogAnalysis analysis = analysed(lines);
        REQUIRE(analysis.events.size() == 2);
        CHECK(analysis.cause == 0);
        CHECK(analysis.events[1].follows == 0);
    }
}

TEST_CASE("a warning of any class comes back; a stall of RCU tasks is no CPU's") {
    CHECK(only(with_body({"WARNING: CPU: 0 PID: 7 at lib/list_debug.c:62 __list_del_entry+0x1/0x2",
                          "list_del corruption, ffff88 ->next is LIST_POISON1"}))
              .outcome == Outcome::WentOn);
    CHECK(only({"INFO: rcu_tasks detected stalls on tasks:",
                "ffff8880: .. nvcsw: 2/2 holdout: 1 idle_cpu: -1/1",
                "task:cat  state:R  running task  stack:0 pid:77", "Call Trace:", " widget_spin+0x1/0x2"})
              .outcome == Outcome::Unknown);
}

TEST_CASE("no boot survives what killed it") {
    const LogAnalysis analysis = analyse_log_text(
        "[    0.000000] Linux version 5.10.1 (a@b) #1\n"
        "[    1.867574] Kernel panic - not syncing: VFS: Unable to mount root fs on 0\n"
        "[    0.000000] Linux version 5.10.2 (a@b) #1\n"
        "[    2.867574] Kernel panic - not syncing: Attempted to kill init!\n");
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.cause == 1);
    CHECK(analysis.events[0].role == EventRole::Killed);
}

TEST_CASE("went on is said only of what the kernel returns from, or where the log goes on") {
    const std::vector<std::string> failure = {"CFI failure at widget_call+0x1/0x2 (target: gadget+0x0/0x10)",
                                              "Call Trace:", " widget_call+0x1/0x2", " widget_open+0x1/0x2"};
    CHECK(only(failure).outcome == Outcome::Unknown);
    std::vector<std::string> goes_on = failure;
    goes_on.insert(goes_on.end(), 200, "usb 1-1: new device");
    CHECK(only(goes_on).outcome == Outcome::WentOn);
    CHECK(only({"BUG: KASAN: slab-use-after-free in widget_read+0x1/0x2",
                "Call Trace:", " widget_read+0x1/0x2"})
              .outcome == Outcome::WentOn);
    // Each of these panics, whether or not the log holds that line.
    for (const std::string headline :
         {"SError Interrupt on CPU1, code 0xbf000002 -- SError",
          "Bad mode in Error handler detected on CPU1, code 0xbf000002 -- SError",
          "Bad kernel stack pointer 7fffd0 at c0000000000123",
          "Kernel stack overflow in process 12, r1=c01234"}) {
        CAPTURE(headline);
        const LogAnalysis analysis = analysed(with_body({headline}));
        CHECK(analysis.died);
        CHECK(analysis.events.at(0).outcome == Outcome::Died);
    }
}

TEST_CASE("the first oops is the one that counts, and it may be missing") {
    CHECK(only(with_body({"general protection fault: 0000 [#7] SMP"})).first_oops_missing);
    CHECK_FALSE(only(with_body({"general protection fault: 0000 [#1] SMP"})).first_oops_missing);
    CHECK(
        only({"WARNING: CPU: 0 PID: 7 at mm/slub.c:1 widget_call+0x1/0x2",
              "CPU: 0 PID: 7 Comm: cat Tainted: G      D    6.1.0 #1", "Call Trace:", " widget_call+0x1/0x2"})
            .first_oops_missing);
    std::vector<std::string> lines = with_body({"general protection fault: 0000 [#1] SMP"});
    for (const std::string& line : with_body({"general protection fault: 0000 [#2] SMP"}))
        lines.push_back(line);
    const LogAnalysis both = analysed(lines);
    REQUIRE(both.events.size() == 2);
    CHECK_FALSE(both.events[1].first_oops_missing);
}

TEST_CASE("a panic without a stack follows from the oops that was being told") {
    const LogAnalysis analysis =
        analysed({"Unable to handle kernel paging request at virtual address 794b00a7", "cat(77): Oops [#1]",
                  "CPU: 0 PID: 77 Comm: cat Not tainted 6.1.0 #1", "TPC: <widget_read+0x100/0x200>",
                  "Call Trace:", "Kernel panic - not syncing: Unexpected SUN4V mondo error 6"});
    REQUIRE(analysis.cause);
    CHECK(analysis.events[*analysis.cause].function == "widget_read");
    CHECK(analysis.events.back().follows == analysis.cause);
    // With a stack of its own nothing had oopsed before.
    const LogAnalysis own =
        analysed({"kernel BUG at lib/widget.c:12!", "CPU: 0 PID: 77 Comm: cat Not tainted 6.1.0 #1",
                  "Call Trace:", " widget_read+0x1/0x2", "---[ end trace 0000000000000000 ]---",
                  "Kernel panic - not syncing: gadget lost", "CPU: 0 PID: 78 Comm: dog Not tainted 6.1.0 #1",
                  "Call Trace:", " panic+0x1/0x2", " gadget_check+0x1/0x2"});
    REQUIRE(own.cause);
    CHECK(own.events[*own.cause].title.find("gadget lost") != std::string::npos);
}

TEST_CASE("what befalls the kernel that saves the memory is not why the other one died") {
    const std::string first =
        "[  107.000000] mce: [Hardware Error]: CPU 18: Machine Check Exception: 5 Bank 7: be00000001010091\n"
        "[  107.000001] Kernel panic - not syncing: Fatal machine check\n";
    const auto second = [](const std::string& arguments) {
        return "[    0.000000] Linux version 6.1.0 (a@b) #1 SMP\n"
               "[    0.000000] Command line: BOOT_IMAGE=/vmlinuz " +
               arguments +
               "\n[    5.000000] Kernel panic - not syncing: Out of memory and no killable processes...\n";
    };
    const LogAnalysis kdump = analyse_log_text(first + second("elfcorehdr=0x7000000"));
    REQUIRE(kdump.cause);
    CHECK(kdump.events[*kdump.cause].event_class == EventClass::MachineCheck);
    const LogAnalysis later = analyse_log_text(first + second("quiet"));
    REQUIRE(later.cause);
    CHECK(later.events[*later.cause].event_class == EventClass::OutOfMemory);
    // Its own log may be all there is.
    CHECK(analyse_log_text(second("elfcorehdr=0x7000000")).cause);
}

}  // namespace outcome_test
