// Logs as they are pasted, cut, repeated and mixed: what happened must still be said, and nothing else.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/log_analysis.h>

#include "base/text.h"
#include "log/text/prefix.h"
#include "support/files.h"
#include "support/places.h"

namespace bad_input_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

Names names_in(const std::string& log) {
    Names names;
    for (const LogEvent& event : analyse_log_text(log).events)
        names.push_back(fmt::format("{} {} {}", event.id, to_string(event.event_class), event.function));
    return names;
}

Names classes_in(const std::string& log) {
    Names names;
    for (const LogEvent& event : analyse_log_text(log).events)
        names.emplace_back(to_string(event.event_class));
    return names;
}

// Class and function of the first event: what a log that lost part of its text must still say.
std::string first_of(const std::string& log) {
    const LogAnalysis analysis = analyse_log_text(log);
    if (analysis.events.empty()) return "nothing";
    const LogEvent& event = analysis.events.front();
    return fmt::format("{} {}", to_string(event.event_class), event.function);
}

struct Sample {
    std::string name, text;
};

const std::vector<Sample>& samples() {
    static const std::vector<Sample> all = [] {
        std::vector<Sample> list;
        for (const auto& entry : fs::directory_iterator(test::source_dir() / "testdata" / "logs"))
            if (entry.path().extension() == ".log")
                list.push_back({entry.path().filename().string(), test::file_contents(entry.path())});
        std::sort(list.begin(), list.end(), [](auto& a, auto& b) { return a.name < b.name; });
        return list;
    }();
    return all;
}

template <class Change>
std::string with_lines(const std::string& log, Change change) {
    std::string out;
    for (const std::string_view line : split(log, '\n')) out += change(std::string(line)) + "\n";
    return out;
}

Names both(Names first, const Names& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

TEST_CASE("bad input: two logs in one file hold the events of both") {
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < samples().size(); i += 7) {
        for (std::size_t j = 3; j < samples().size(); j += 11) {
            CAPTURE(samples()[i].name);
            CAPTURE(samples()[j].name);
            CHECK(names_in(samples()[i].text + samples()[j].text) ==
                  both(names_in(samples()[i].text), names_in(samples()[j].text)));
            ++pairs;
        }
    }
    CHECK(pairs > 100);
}

TEST_CASE("bad input: a report that was cut off takes nothing from what comes next") {
    const std::string others[] = {
        // out of memory, no clock: its trace is its own
        "leaker invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER_MOVABLE), nodemask=(null), order=0, "
        "oom_score_adj=0\nCPU: 0 PID: 2746 Comm: leaker Not tainted 4.18.0+ #19\nCall Trace:\n "
        "dump_stack+0x63/0x88\n"
        " dump_header+0x67/0x27a\n pick_me_for_the_blame+0x14/0x20\n",
        "cat: page allocation failure: order:4, mode:0x40dc0(GFP_KERNEL|__GFP_COMP|__GFP_ZERO)\n"
        "CPU: 0 PID: 2746 Comm: cat Not tainted 5.10.0 #19\nCall Trace:\n pick_me_for_the_blame+0x14/0x20\n",
        // another stall, a few seconds later
        "[  328.823841] rcu: INFO: rcu_preempt self-detected stall on CPU\n"
        "[  328.830097] rcu: \t1-...!: (3 GPs behind) idle=19a/1/0x4000000000000002 softirq=12356/12357 "
        "fqs=2 \n"
        "[  328.839607] rcu: \t (t=10500 jiffies g=12045 q=155)\n"
        "[  328.844567] NMI backtrace for cpu 1\n[  328.855046] CPU: 1 PID: 8314 Comm: x Not tainted "
        "4.19.0-rc2+ #1\n"
        "[  328.860235] RIP: 0010:pick_me_for_the_blame+0x14/0x20\n",
    };
    const std::string cut_off[] = {
        "[  317.168127] INFO: rcu_sched detected stalls on CPUs/tasks: { 0} (detected by 1, t=2179 jiffies, "
        "g=740, "
        "c=739, q=1)\n",
        "[  317.120788] WARNING: CPU: 0 PID: 0 at net/sched/sch_generic.c:316 dev_watchdog+0x648/0x770\n"
        "[  317.122260] NETDEV WATCHDOG: eth0 (e1000): transmit queue 0 timed out\n",
        "[  317.979760] Kernel panic - not syncing: Fatal exception\n[  317.986979] Kernel Offset: disabled\n"
        "[  317.990589] Rebooting in 86400 seconds..\n",
        "[  290.141327] Fixing recursive fault but reboot is needed!\n",
    };
    for (const std::string& torn : cut_off) {
        const Names alone = names_in(torn);
        REQUIRE(alone.size() == 1);
        for (const std::string& other : others) {
            CAPTURE(torn + other);
            const Names together = names_in(torn + other);
            REQUIRE(together.size() == 2);
            CHECK(together.front() == alone.front());
        }
    }
}

TEST_CASE("bad input: what the kernel says a quarter of a minute later is no part of a report") {
    const std::string stall = "[   50.583499] INFO: rcu_sched self-detected stall on CPU\n";
    const auto rest = [](int second) {
        std::string lines;
        for (const char* text :
             {"Call Trace:", " do_one+0x14/0x20", " do_two+0x14/0x20", " do_three+0x14/0x20"})
            lines += fmt::format("[   {}.002194] {}\n", second, text);
        return lines;
    };
    CHECK(analyse_log_text(stall + rest(60)).events.at(0).title == "INFO: rcu detected stall in do_one");
    CHECK(analyse_log_text(stall + rest(96)).events.at(0).title == "INFO: rcu detected stall");
}

TEST_CASE("bad input: a program's backtrace below a report does not make it torn") {
    const std::string report =
        "01-28 07:22:33.300     1     1 W WARNING: CPU: 6 PID: 1 at fs/filesystems.c:282 "
        "get_fs_type+0x1a4/0x1a8\n"
        "01-28 07:22:33.300     1     1 W Call trace:\n"
        "01-28 07:22:33.300     1     1 W         : [<ffffff8315c82dfc>] get_fs_type+0x1a4/0x1a8\n"
        "01-28 07:22:33.300     1     1 W         : [<ffffff8315c86760>] do_mount+0x4a4/0xc20\n"
        "01-28 07:22:33.300     1     1 W         : ---[ end trace 2a6855c6a9096187 ]---\n"
        "01-28 07:22:34.912   947   947 F DEBUG   : backtrace:\n"
        "01-28 07:22:34.912   947   947 F DEBUG   :     #00 pc 00021a4c  /vendor/lib/libx.so\n"
        "01-28 07:22:34.912   947   947 F DEBUG   :     #01 pc 00021a4c  /vendor/lib/libx.so\n";
    const LogAnalysis analysis = analyse_log_text(report);
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].title == "WARNING in get_fs_type");
    CHECK(analysis.events[0].corruption == "");
}

TEST_CASE("bad input: a log without a host behind one with a host is another") {
    const std::string torn =
        "Oct  9 21:46:17 lotus kernel: [135404.406178] hostname invoked oom-killer: gfp_mask=0x280d2, "
        "order=0, oomkilladj=-17\n";
    const std::string other =
        "[26218.749573] Task in /limit killed as a result of limit of /limit\n"
        "[26218.749577] memory: usage 102400kB, limit 102400kB, failcnt 11008165\n"
        "[26218.749639] Memory cgroup out of memory: Kill process 24387 (stress) score 972\n"
        "[26218.749663] Killed process 24387 (stress) total-vm:519484kB, anon-rss:102224kB, file-rss:212kB\n";
    const Names alone = names_in(torn);
    REQUIRE(alone.size() == 1);
    CHECK(names_in(torn + other).front() == alone.front());
}

TEST_CASE("bad input: the firmware that starts the machine anew ends a report") {
    const std::string oops =
        "Jan 12 19:08:41 box kernel: BUG: unable to handle kernel NULL pointer dereference at 00000000\n"
        "Jan 12 19:08:41 box kernel: EIP is at radeon_cp_init_ring_buffer+0x90/0x302 [radeon]\n";
    const std::string firmware =
        " Mon Sep 12 14:38:59 UTC 2022 starting (log level: 8)...\nEIP is at blame+0x5/0x12\nCall Trace:\n"
        " blame_me+0x14/0x20\n blame_me_too+0x14/0x20\nMMIO: fedc5000: enabled 1\n";
    const Names alone = names_in(oops);
    REQUIRE(alone.size() == 1);
    for (const char* const name : {"coreboot-e6103af7", "U-Boot 2016.03", "SeaBIOS (version 1.16)"})
        CHECK(names_in(oops + name + firmware) == alone);
    // The machine's name may hold the firmware's: what comes next is the kernel's all the same.
    const std::string bare =
        "Hardware name: Google Kip/Kip, BIOS coreboot-4.12 01/01/2020\nINFO: what nobody knows\n";
    CHECK(classes_in(bare) == classes_in(bare.substr(bare.find('\n') + 1)));
}

TEST_CASE("bad input: a log that repeats says the same twice, and the same cause") {
    for (const Sample& sample : samples()) {
        CAPTURE(sample.name);
        const std::string twice = sample.text + sample.text;
        CHECK(names_in(twice) == both(names_in(sample.text), names_in(sample.text)));
        const LogAnalysis once = analyse_log_text(sample.text), again = analyse_log_text(twice);
        REQUIRE(once.cause.has_value() == again.cause.has_value());
        if (once.cause) CHECK(once.events[*once.cause].id == again.events[*again.cause].id);
    }
}

TEST_CASE("bad input: lines that were cut at a column") {
    for (const Sample& sample : samples()) {
        CAPTURE(sample.name);
        CHECK(names_in(with_lines(sample.text, [](auto line) { return line.substr(0, 1024); })) ==
              names_in(sample.text));
        CHECK(first_of(with_lines(sample.text, [](auto line) { return line.substr(0, 80); })) ==
              first_of(sample.text));
    }
}

// Whose frame comes first is lost with the order; that something happened, and what, is not.
TEST_CASE("bad input: lines out of order, as merged journals have them") {
    for (const Sample& sample : samples()) {
        CAPTURE(sample.name);
        std::vector<std::string_view> lines = split(sample.text, '\n');
        for (std::size_t i = 5; i + 1 < lines.size(); i += 6) std::swap(lines[i], lines[i + 1]);
        CHECK(classes_in(fmt::format("{}\n", fmt::join(lines, "\n"))) == classes_in(sample.text));
    }
}

TEST_CASE("bad input: zeros in lines and between them") {
    for (const Sample& sample : samples()) {
        CAPTURE(sample.name);
        std::size_t number = 0;
        CHECK(names_in(with_lines(sample.text, [&](auto line) {
                  if (++number % 9 == 0) line += std::string(512, '\0');
                  return number % 4 == 0 ? std::string(3, '\0') + line : line;
              })) == names_in(sample.text));
    }
}

TEST_CASE("bad input: what a kernel may say stands in its vmlinux, and has not happened") {
    std::string vmlinux =
        "\x7f"
        "ELF\x02\x01\x01";
    vmlinux += std::string(9, '\0') + std::string("\x02\0\x3e\0", 4) + std::string(300, '\x01') + "\n";
    const std::string said =
        "\001"
        "0watchdog: BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]\n";
    CHECK_FALSE(analyse_log_text(said).events.empty());
    const LogAnalysis analysis = analyse_log_text(vmlinux + said);
    CHECK(analysis.events.empty());
    CHECK_FALSE(analysis.cause);
    REQUIRE(analysis.problems.size() == 1);
    CHECK(analysis.problems.front().message == "this does not look like the text of a log");
}

TEST_CASE("bad input: two CPUs that print at once, each line with its caller") {
    const auto of_caller = [](const std::string& log, std::string_view caller) {
        std::vector<std::string> lines;
        for (const std::string_view line : split(log, '\n')) {
            LogRecord record;
            strip_prefix(line, record);
            lines.push_back(fmt::format("[  100.000001][{}] {}", caller, record.text));
        }
        return lines;
    };
    const auto sample = [](std::string_view name) {
        return *std::find_if(samples().begin(), samples().end(), [&](auto& one) { return one.name == name; });
    };
    const std::string one = sample("bookworm-mod-null.log").text, two = sample("trixie-mod-uaf.log").text;
    const std::vector<std::string> first = of_caller(one, "  T101"), second = of_caller(two, "    C1");
    std::string mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed += first[i] + "\n";
        if (i < second.size()) mixed += second[i] + "\n";
    }
    Names found = names_in(mixed), expected = both(names_in(fmt::format("{}\n", fmt::join(first, "\n"))),
                                                   names_in(fmt::format("{}\n", fmt::join(second, "\n"))));
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    CHECK(found == expected);
}

TEST_CASE("bad input: megabytes without a line's end, and a report behind them") {
    const std::string& log = samples()[3].text;
    CHECK(names_in(std::string(8 << 20, 'x') + "\n" + log) == names_in(log));
    CHECK(names_in(log + "\n" + std::string(8 << 20, '\0')) == names_in(log));
    CHECK(names_in(std::string(8 << 20, '[')).empty());
}

TEST_CASE("records of pstore with their files' names, those of two dumps of one log between each other") {
    const std::string start =
        "<4>[    5.000001] WARNING: CPU: 1 PID: 7 at lib/refcount.c:28 refcount_warn_saturate+0xae/0xf0\n"
        "<4>[    5.000002] CPU: 1 PID: 7 Comm: widgetd Not tainted 5.13.0 #1\n";
    const std::string end =
        "<4>[    5.000003] RIP: 0010:refcount_warn_saturate+0xae/0xf0\n<4>[    5.000004] Call Trace:\n"
        "<4>[    5.000005]  widget_put+0x1/0x2\n<4>[    5.000006]  widget_close+0x1/0x2\n"
        "<4>[    5.000007] ---[ end trace 0000000000000000 ]---\n";
    const std::string before =
        "<6>[    1.000000] a\n<6>[    2.000000] b\n<6>[    3.000000] c\n<6>[    4.0] d\n";
    const std::string log = "dmesg-efi-167646279203002:\nPanic#2 Part3\n" + before +
                            "dmesg-efi-167646279202002:\nPanic#2 Part2\n" + start +
                            "==> dmesg-efi-167646279202001 <==\nOops#1 Part2\n" + before + start +
                            "dmesg-efi-167646279201002:\nPanic#2 Part1\n" + end +
                            "<0>[    6.000000] Kernel panic - not syncing: sysrq triggered crash\n"
                            "dmesg-efi-167646279201001:\nOops#1 Part1\n" +
                            end;
    const LogAnalysis analysis = analyse_log_text(log);
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[0].title == "WARNING: refcount bug in widget_put");
    CHECK(analysis.events[0].comm == "widgetd");
    CHECK(analysis.events[1].seconds == 6.0);
}

TEST_CASE("as many tasks as a big machine has stumble over one BUG at once, line by line") {
    const std::vector<std::string> report = {"kernel BUG at fs/widget.c:1385!",
                                             "Oops: invalid opcode: 0000 [#1] SMP",
                                             "CPU: 1 PID: 7 Comm: widgetd Not tainted 6.14.0 #1",
                                             "RIP: 0010:widget_end+0x1/0x2",
                                             "Call Trace:",
                                             " widget_end+0x5/0x9",
                                             " widget_write+0x1/0x2",
                                             "---[ end trace 0000000000000000 ]---"};
    std::string log;
    for (const std::string& line : report)
        for (int task = 100; task < 300; ++task) log += fmt::format("[    5.000001][ T{}] {}\n", task, line);
    const LogAnalysis analysis = analyse_log_text(log);
    CHECK(analysis.events.size() == 200);
    for (const LogEvent& event : analysis.events) CHECK(event.title == "kernel BUG in widget_end");
}

}  // namespace bad_input_test
