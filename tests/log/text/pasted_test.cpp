// One oops as mailers, pagers, testers and terminals hand it on: the same event each time.
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

namespace pasted_test {

using namespace postmortem;

namespace {

const std::vector<std::string> oops = {
    "BUG: kernel NULL pointer dereference, address: 0000000000000094",
    "#PF: supervisor read access in kernel mode",
    "#PF: error_code(0x0000) - not-present page",
    "PGD 0 P4D 0",
    "Oops: 0000 [#1] PREEMPT SMP PTI",
    "CPU: 3 PID: 1644 Comm: widgetd Not tainted 6.1.0-18-amd64-with-a-long-name #1 Debian 6.1.76-1",
    "Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3-debian-1.16.3-2~bpo12+1 04/01/2014",
    "RIP: 0010:widget_read_all_of_the_queues+0x42/0x150 [widget_with_a_long_name]",
    "RSP: 0018:ffffc90000077f00 EFLAGS: 00000246",
    "Call Trace:",
    " <TASK>",
    " widget_ioctl_with_a_name_that_does_not_fit+0x74/0x200 [widget_with_a_long_name]",
    " vfs_read+0x9d/0x190",
    " do_syscall_64+0x5b/0xc0",
    " </TASK>",
    "---[ end trace 0000000000000000 ]---"};

using Prefix = std::function<std::string(std::size_t line)>;

std::string micros(std::size_t line) {
    return std::to_string(100000 + line * 13);
}

std::string stamped(std::size_t line) {
    return "[  134." + micros(line) + "] ";
}

std::string with(const Prefix& prefix, const std::string& end = "") {
    std::string log;
    for (std::size_t i = 0; i < oops.size(); ++i) log += prefix(i) + oops[i] + end + "\n";
    return log;
}

// As mailers do: between words, whatever is longer than `limit` into lines of at most `width`.
std::string broken(const std::string& log, std::size_t width, std::size_t limit, const std::string& quoting) {
    std::string out;
    for (std::size_t begin = 0; begin < log.size();) {
        const std::size_t end = log.find('\n', begin);
        std::string line = log.substr(begin, end - begin);
        while (line.size() > limit) {
            std::size_t blank = line.rfind(' ', width);
            if (blank == std::string::npos || blank < 20) blank = line.find(' ', width);
            if (blank == std::string::npos) break;
            out += quoting + line.substr(0, blank) + "\n";
            line.erase(0, blank + 1);
        }
        out += quoting + line + "\n";
        begin = end + 1;
    }
    return out;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
        text.replace(at, what.size(), by);
    return text;
}

void check_same(const std::string& log) {
    CAPTURE(log.substr(0, 400));
    const LogAnalysis analysis = analyse_log_text(log);
    static const LogAnalysis plain = analyse_log_text(with(stamped));
    REQUIRE(plain.events.size() == 1);
    REQUIRE(analysis.events.size() == 1);
    const LogEvent& event = analysis.events[0];
    CHECK(event.id == plain.events[0].id);
    CHECK(event.title == plain.events[0].title);
    CHECK(event.function == "widget_read_all_of_the_queues");
    CHECK(event.comm == "widgetd");
    CHECK(event.fault_address == 0x94);
    CHECK(event.frames.size() == plain.events[0].frames.size());
    CHECK(event.kernel == "6.1.0-18-amd64-with-a-long-name");
}

}  // namespace

TEST_CASE("lines that a mailer broke are put together, at every usual width and under quoting") {
    for (const std::size_t width : {66, 68, 70, 72, 74, 76, 78, 80})
        for (const std::size_t limit : {width, std::size_t{80}})
            for (const char* quoting : {"", "> ", "> > > ", "  | "})
                check_same(broken(with(stamped), width, limit, quoting));
    const Prefix syslog = [](std::size_t) { return "Sep 11 22:34:59 host kernel: "; };
    check_same(broken(with(syslog), 74, 74, "> "));
}

TEST_CASE("what follows a line of a console, and is no second half of it, is left alone") {
    std::string log;
    for (int i = 0; i < 20; ++i)
        log += "[   10.00000" + std::to_string(i % 10) + "] a line of no particular length\nlogin: root\n";
    log += "[   11.000000] Kernel panic - not syncing: Fatal exception\nlogin: root\n";
    const LogAnalysis analysis = analyse_log_text(log);
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].headline == "Kernel panic - not syncing: Fatal exception");
}

TEST_CASE("blanks of the web and of word processors are blanks") {
    for (const char* blank : {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x87", "\xe3\x80\x80"})
        check_same(replaced(with(stamped), " ", blank));
    check_same(replaced(with(stamped), "] ", "] \xe2\x80\x8b"));  // of no width
    check_same(replaced(with(stamped), "] ", "] \xef\xbb\xbf"));
}

TEST_CASE("control characters that a pager wrote out are no text") {
    check_same(with([](std::size_t line) { return "^[[32m" + stamped(line) + "^[[0m"; }, "^[[0m"));
    check_same(with(stamped, "^M"));
}

TEST_CASE("lists, counters and marks in front of every line") {
    check_same(with([](std::size_t line) { return "    \"" + stamped(line); }, "\","));
    check_same(with(
        [](std::size_t line) {
            return "- {\"dt\": \"2024-01-02T10:11:12.13\", \"lvl\": \"target\", \"msg\": \"" + stamped(line);
        },
        "\"}"));
    check_same(
        with([](std::size_t line) { return "0051" + std::to_string(5 + line / 8) + " "; }));        // seconds
    check_same(with([](std::size_t line) { return "    " + std::to_string(100 + line) + "\t"; }));  // cat -n
    check_same(with([](std::size_t line) { return std::to_string(100 + line) + ":"; }));            // grep -n
    check_same(with([](std::size_t) { return "    | "; }));
    check_same(with([](std::size_t) { return ">   | "; }));
}

TEST_CASE("printk without its clock, and clocks that others write differently") {
    check_same(with([](std::size_t) { return "[    C3] "; }));
    check_same(with([](std::size_t) { return "<4>[   T12] "; }));
    check_same(with([](std::size_t line) { return "[  134." + micros(line) + " ] "; }));
    check_same(with([](std::size_t line) {
        return line == 0 ? std::string("[Oct12 19:00] ") : "[  +0.0000" + std::to_string(10 + line) + "] ";
    }));
    check_same(with([](std::size_t line) { return "[  +0,0000" + std::to_string(10 + line) + "] "; }));
    check_same(with([](std::size_t) { return "    [Sun Dec 13 16:46:35 2020] "; }));
    check_same(with([](std::size_t) { return "2024-07-03T18:45:57.254477+02:00 host kernel "; }));
    check_same(with([](std::size_t line) { return stamped(line) + "[T1403598] widgetd: [name:report&]"; }));
}

TEST_CASE("behind a date in brackets comes the message, and no host") {
    for (const char* indent : {"", "    ", "\t"}) {
        const LogAnalysis analysis =
            analyse_log_text(std::string(indent) +
                             "[Thu Oct 12 19:00:00 2023] EXT4-fs (sda1): Remounting filesystem read-only\n");
        REQUIRE(analysis.events.size() == 1);
        CHECK(analysis.events[0].host.empty());
    }
}

TEST_CASE("two consoles on one line print everything twice") {
    std::string log;
    for (std::size_t i = 0; i < oops.size(); ++i)
        for (int console = 0; console < 2; ++console) log += stamped(i) + oops[i] + "\n";
    check_same(log);
}

TEST_CASE("a program's words in front of a line that lost its bracket") {
    check_same("~ # vi\n  134.100000] " + oops[0] + "\n" + with([](std::size_t line) {
                                                               return "[  134." + micros(line) + "] ";
                                                           }).substr(stamped(0).size() + oops[0].size() + 1));
    std::string log = with([](std::size_t line) { return "[  134." + micros(line) + "][ T1644] "; });
    log = replaced(log, "[  134." + micros(4), "vice /dev/vda, [e  134." + micros(4));
    check_same(log);
}

TEST_CASE("the word a screen or a pager cut off is no address") {
    const auto only = [](const std::string& address) {
        return analyse_log_text("[    1.000000] Unable to handle kernel paging request at virtual address " +
                                address + "\n[    1.000001] Internal error: Oops: 96000004 [#1] SMP\n" +
                                "[    1.000002] pc : widget_read+0x10/0x40\n")
            .events.at(0);
    };
    CHECK(only("0000000000000044").event_class == EventClass::NullDereference);
    CHECK(only("00000044").event_class == EventClass::NullDereference);
    CHECK(only("0000000").event_class == EventClass::PageFault);
    CHECK_FALSE(only("0000000000").fault_address);
}

TEST_CASE("a headline alone was broken by a mailer, in the middle of its sentence") {
    const std::string body =
        "CPU: 1 PID: 7 Comm: widgetd Not tainted 6.1.0 #1\n"
        "RIP: 0010:widget_read+0x10/0x40\nCall Trace:\n widget_read+0x10/0x40\n";
    const auto title = [&](const std::string& headline) {
        std::string log = headline + "\n";
        for (std::size_t at = 0, end; (end = body.find('\n', at)) != std::string::npos; at = end + 1)
            log += "[    5.000002] " + body.substr(at, end + 1 - at);
        const LogAnalysis analysis = analyse_log_text(log);
        REQUIRE(analysis.events.size() == 1);
        return analysis.events[0].title;
    };
    CHECK(title("[    5.000001] BUG: KASAN: slab-out-of-bounds in\nwidget_read+0x10/0x40") ==
          "KASAN: slab-out-of-bounds in widget_read");
    CHECK(title("[    5.000001] BUG: kernel NULL\npointer dereference, address: 000000c8") ==
          "BUG: unable to handle kernel NULL pointer dereference in widget_read");
    CHECK(title("[    5.000001] INFO: task widgetd:7 blocked for more than 122\nseconds.") ==
          title("[    5.000001] INFO: task widgetd:7 blocked for more than 122 seconds."));
    CHECK(title("[    5.000001] INFO: task widgetd:7 blocked for\nmore\nthan 122 seconds.") ==
          title("[    5.000001] INFO: task widgetd:7 blocked for more than 122 seconds."));
    CHECK(
        title("> > [    5.000001] WARNING: CPU: 1 PID: 7 at lib/refcount.c:28\n> > "
              "refcount_warn_saturate+0xb4/0xf3") ==
        title("[    5.000001] WARNING: CPU: 1 PID: 7 at lib/refcount.c:28 refcount_warn_saturate+0xb4/0xf3"));
    CHECK(title("[    5.000001] Kernel panic - not syncing: VFS: Unable to mount root\nfs on "
                "unknown-block(253,0)") == "kernel panic: VFS: Unable to mount root fs");
    CHECK(
        title(
            "[    5.000001] Unable to handle kernel NULL pointer dereference at virtual\naddress 000000c8") ==
        "BUG: unable to handle kernel NULL pointer dereference in widget_read");
    CHECK(title("[    5.000001] Kernel panic - not syncing: VFS: Unable to mount\nroot fs on "
                "unknown-block(253,0)") == "kernel panic: VFS: Unable to mount root fs");
    // The sentence is whole, or what comes next is a line of its own.
    CHECK(
        title("[    5.000001] BUG: KASAN: slab-out-of-bounds in\n[    5.000001] Read of size 8 at addr 1") !=
        "KASAN: slab-out-of-bounds Read in widget_read");
}

TEST_CASE("the headlines of lockups and of the OOM killer, broken by a mailer") {
    const auto only = [](const std::string& log) {
        const LogAnalysis analysis = analyse_log_text(log);
        REQUIRE(analysis.events.size() == 1);
        return analysis.events[0];
    };
    const std::string body =
        "[    5.000002] CPU: 1 PID: 7 Comm: widgetd Not tainted 6.1.0 #1\n"
        "[    5.000003] RIP: 0010:widget_read+0x10/0x40\n";
    for (const std::string headline : {"BUG: soft lockup - CPU#1\nstuck for 22s! [widgetd:7]",
                                       "BUG: soft lockup - CPU#1 stuck\nfor 22s! [widgetd:7]",
                                       "BUG: soft lockup - CPU#1 stuck for\n22s! [widgetd:7]",
                                       "BUG: soft lockup - CPU#1 stuck for 22s!\n[widgetd:7]"}) {
        CAPTURE(headline);
        const LogEvent event = only("[    5.000001] watchdog: " + headline + "\n" + body);
        CHECK(event.headline == "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [widgetd:7]");
        CHECK(event.stall->seconds == 22);
        CHECK(event.pid == 7);
    }
    CHECK(only("[    5.000001] NMI watchdog: Watchdog detected hard\nLOCKUP on cpu 1\n" + body).event_class ==
          EventClass::HardLockup);
    const std::string memcg =
        "[    5.000002] CPU: 1 PID: 7 Comm: widgetd Tainted: G\n   O       6.1.0 #1\n"
        "[    5.000003]  mem_cgroup_out_of_memory+0x110/0x150\n"
        "[    5.000004] Memory cgroup out of memory: Killed process 7 (widgetd) total-vm:12kB\n";
    for (const std::string headline :
         {"[    5.000001] widgetd invoked\noom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0,\noom_score_adj=0",
          "written so far: [    5.000001] widgetd invoked\noom-killer: gfp_mask=0xcc0(GFP_KERNEL), "
          "order=0,\noom_score_adj=0",
          "widgetd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0,\noom_score_adj=0"}) {
        CAPTURE(headline);
        const LogEvent event = only(headline + "\n" + memcg);
        CHECK(event.title == "out of memory in a memory cgroup");
        CHECK(event.pid == 7);
        CHECK(event.outcome == Outcome::KilledTask);
    }
}

TEST_CASE("a log that begins with its end is read from its end") {
    const std::string log = with([](std::size_t line) {
        return "2024-10-19 09:03:" + std::to_string(10 + line) + ".391\t" + stamped(line);
    });
    std::string reversed;
    for (std::size_t end = log.size(); end > 0;) {
        const std::size_t begin = log.rfind('\n', end - 2);
        const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
        reversed += log.substr(first, end - first);
        end = first;
    }
    check_same(reversed);
    CHECK(analyse_log_text(reversed).events.at(0).line == oops.size());
}

TEST_CASE("the task that a soft lockup names in the next line") {
    const LogAnalysis analysis = analyse_log_text(
        "[   25.000001] watchdog: BUG: soft lockup - CPU#1 stuck for 22s!\n[widgetd:7]\n"
        "[   25.000002] Modules linked in: widget\n");
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].comm == "widgetd");
    CHECK(analysis.events[0].pid == 7);
}

TEST_CASE("each inlined function's headline, broken behind its name") {
    const LogAnalysis analysis = analyse_log_text(
        "BUG: KASAN: slab-use-after-free in widget_peek\nlib/widget.c:12 [inline]\n"
        "BUG: KASAN: slab-use-after-free in\nwidget_read+0x10/0x40 lib/widget.c:44\n"
        "Read of size 8 at addr ffff888012345678 by task widgetd/77\n"
        "CPU: 1 PID: 77 Comm: widgetd Not tainted 6.1.0 #1\nCall Trace:\n"
        " kasan_report+0x1/0x2\n widget_read+0x10/0x40\n vfs_read+0x9d/0x190\n");
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].title == "KASAN: slab-use-after-free Read in widget_read");
    CHECK(analysis.events[0].comm == "widgetd");
}

}  // namespace pasted_test
