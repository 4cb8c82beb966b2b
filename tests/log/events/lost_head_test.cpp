// Reports whose first lines are gone, and reports that a log tells twice.
#include <string>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

#include "support/one_event.h"

namespace lost_head_test {

using namespace postmortem;
using test::analysed;
using test::only;

TEST_CASE("a panic behind an oops whose headline is gone names the place that is left of it") {
    for (const char* place :
         {"RIP: 0010:widget_read+0x10/0x40", "EIP: widget_read+0x10/0x40", "pc : widget_read+0x10/0x40",
          "PC is at widget_read+0x10/0x40", "NIP [c0000000005d1a20] widget_read+0x10/0x40",
          "epc : widget_read+0x10/0x40"}) {
        CAPTURE(place);
        const LogEvent event =
            only({"CPU: 3 PID: 77 Comm: cat Not tainted 6.1.0 #1", place,
                  "Call Trace:", " widget_open+0x20/0x50", " vfs_read+0x9d/0x190",
                  "---[ end trace 0000000000000000 ]---", "Kernel panic - not syncing: Fatal exception"});
        CHECK(event.event_class == EventClass::Escalation);
        CHECK(event.function == "widget_read");
        CHECK(event.offset == 0x10);
        CHECK(event.pid == 77);
        CHECK(event.comm == "cat");
        CHECK(event.cpu == 3);
        CHECK(event.frames.size() == 2);
        CHECK(event.corrupted);  // what kind of oops it was is gone
        const LogEvent other = only(
            {"RIP: 0010:gadget_write+0x10/0x40", "Kernel panic - not syncing: Fatal exception in interrupt"});
        CHECK(other.id != event.id);
    }
}

TEST_CASE("what stands far in front of a panic, in another boot or in a report of its own is no part of it") {
    const std::string place = "RIP: 0010:widget_read+0x10/0x40";
    const std::string panic = "Kernel panic - not syncing: Fatal exception";
    std::vector<std::string> far(60, "usb 1-1: new device");
    far.insert(far.begin(), place);
    far.push_back(place + " again");
    far.back() = panic;
    CHECK(only(far).function == "widget_read");  // nothing came between that could be another's
    CHECK(only({place, "Linux version 6.1.0 (a@b)", panic}).function.empty());
    const LogAnalysis warned = analysed({place, "WARNING: CPU: 0 PID: 1 at a.c:1 gadget_init+0x1/0x2",
                                         "Call Trace:", " gadget_init+0x1/0x2", panic});
    REQUIRE(warned.events.size() == 2);
    CHECK(warned.events[1].function != "widget_read");
    CHECK(analysed({place, "all is well"}).events.empty());
}

TEST_CASE("a report without its first lines is an event, whatever stands in front of it") {
    const std::vector<std::string> rest = {
        "CPU: 29 PID: 2002 Comm: widgetd Tainted: G      D W         5.7.1 #1",
        "pc : widget_read+0x10/0x40",
        "Call trace:",
        " widget_read+0x10/0x40",
        " widget_open+0x20/0x50",
        "---[ end trace 2a824d847c4c166b ]---"};
    const LogEvent event = only(rest);
    CHECK(event.title == "report without its first lines in widget_read");
    CHECK(event.corrupted);
    CHECK(event.pid == 2002);
    CHECK(event.line == 1);
    std::vector<std::string> behind_another = {
        "WARNING: CPU: 0 PID: 1 at a.c:1 gadget_init+0x1/0x2", "Call Trace:", " gadget_init+0x1/0x2",
        "---[ end trace 0000000000000000 ]---", "RIP: 0010:gadget_init+0x1/0x2"};
    behind_another.insert(behind_another.end(), rest.begin(), rest.end());
    const LogAnalysis both = analysed(behind_another);
    REQUIRE(both.events.size() == 2);
    CHECK(both.events[1].title + both.events[0].title == event.title + "WARNING in gadget_init");
    CHECK((both.events[0].id == event.id || both.events[1].id == event.id));
    std::string text;
    for (const std::string& line : behind_another) text += "[    1.000000] " + line + "\n";
    LogAnalysisOptions one;
    one.max_events = 1;
    CHECK(analyse_log_text(text, one).dropped_events == 1);
    // Where no end is seen, or nobody is named, it may be a trace that somebody asked for.
    CHECK(analysed({rest.begin(), rest.end() - 1}).events.empty());
    CHECK(analysed({rest.begin() + 2, rest.end()}).events.empty());
}

TEST_CASE("a log that tells of one event twice, as a console and then dmesg do, has one event") {
    const std::string report =
        "[    5.464036] WARNING: CPU: 1 PID: 77 at a.c:1 widget_read+0x10/0x40\n"
        "[    5.464040] CPU: 1 PID: 77 Comm: cat Not tainted 6.1.0 #1\n[    5.464041] Call Trace:\n"
        "[    5.464042]  widget_read+0x10/0x40\n[    5.464043] ---[ end trace 0000000000000000 ]---\n";
    std::string later;
    for (int i = 0; i < 8; ++i) later += "[   3" + std::to_string(i) + ".000000] usb 1-1: new device\n";
    CHECK(analyse_log_text(report + later + report).events.size() == 1);
    CHECK(analyse_log_text(report + later +
                           "# dmesg -x -t\nkern  :warn  : WARNING: CPU: 1 PID: 77 at a.c:1 "
                           "widget_read+0x10/0x40\n# exit\n")
              .events.size() == 1);
    // The same place again is another event.
    std::string again = report;
    for (std::size_t at = 0; (at = again.find("[    5.", at)) != std::string::npos; ++at)
        again.replace(at, 6, "[   35");
    CHECK(analyse_log_text(report + later + again).events.size() == 2);
    // So is one of a boot of its own.
    CHECK(analyse_log_text(report + later + "[    0.000000] Linux version 6.1.0 (a@b) #1\n" + report)
              .events.size() == 2);
}

TEST_CASE("what a sanitizer tells of the past of memory is no call trace") {
    for (const char* past : {"Allocated by task 12:", "Freed by task 12:", "allocated by task 12 on cpu 0:",
                             "Last potentially related work creation:", "Uninit was created at:"}) {
        CAPTURE(past);
        const LogEvent event = only({"BUG: KASAN: slab-use-after-free in widget_read+0x1/0x2",
                                     "Read of size 8 at addr ffff888000000000 by task cat/77",
                                     "Call Trace:", " widget_read+0x1/0x2", " vfs_read+0x1/0x2", "", past,
                                     " kasan_save_stack+0x1/0x2", " widget_alloc+0x1/0x2"});
        CHECK(event.frames.size() == 2);
    }
}

TEST_CASE("a hung task has no CPU, though the watchdog that panics because of it has one") {
    const LogAnalysis analysis = analysed(
        {"INFO: task jbd2/sda1-8:300 blocked for more than 120 seconds.",
         "      Not tainted 5.4.0-42-generic #46-Ubuntu", "Call Trace:", " __schedule+0x1/0x2",
         " jbd2_journal_commit_transaction+0x1/0x2", "Kernel panic - not syncing: hung_task: blocked tasks",
         "CPU: 1 PID: 50 Comm: khungtaskd Not tainted 5.4.0-42-generic #46-Ubuntu",
         "Call Trace:", " panic+0x1/0x2", " watchdog+0x1/0x2"});
    REQUIRE(analysis.events.size() == 2);
    CHECK_FALSE(analysis.events[0].cpu);
    CHECK(analysis.events[0].pid == 300);
    CHECK(analysis.events[1].cpu == 1);
}

TEST_CASE("a headline that announces a report is that report's") {
    const std::string report =
        "[    5.000000] WARNING: CPU: 0 PID: 77 at lib/widget.c:12 widget_read+0x10/0x40\n"
        "[    5.000001] CPU: 0 PID: 77 Comm: cat Not tainted 6.1.0 #1\n"
        "[    5.000002] Call Trace:\n[    5.000003]  widget_open+0x20/0x50\n";
    const LogAnalysis quoted =
        analyse_log_text("WARNING: CPU: 0 PID: 77 at lib/widget.c:12 widget_read\n\nThe log:\n" + report);
    REQUIRE(quoted.events.size() == 1);
    CHECK(quoted.events[0].comm == "cat");
    // Two CPUs at once: the report of one stands below the headline of the other.
    const std::string cut = "------------[ cut here ]------------";
    const LogEvent both =
        only({"kernel BUG at lib/widget.c:226!", cut, "invalid opcode: 0000 [#1] SMP NOPTI", cut,
              "kernel BUG at lib/widget.c:226!", "CPU: 1 PID: 77 Comm: cat Not tainted 6.1.0 #1",
              "RIP: 0010:widget_read+0x1/0x2", "Call Trace:", " widget_open+0x20/0x50"});
    CHECK(both.function == "widget_read");
}

TEST_CASE("the rest of a report may have another clock, behind an empty line") {
    const LogAnalysis analysis = analyse_log_text(
        "Sep 04 15:51:46 box kernel: kernel BUG at lib/widget.c:19!\n\n[ 1346.494848] Call trace:\n"
        "[ 1346.495409] [<c04b4f90>] (widget_read) from [<c04b938c>] (widget_open+0x410/0x51c)\n"
        "[ 1346.499202] [<c04b938c>] (widget_open) from [<c04bbc40>] (vfs_open+0x320/0xb94)\n");
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].function == "widget_read");
}

}  // namespace lost_head_test
