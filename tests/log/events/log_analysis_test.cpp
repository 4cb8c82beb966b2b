// Whole logs: which events are found, how they are told apart, and what bad input does.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

namespace log_analysis_test {

using namespace postmortem;

namespace {

std::vector<std::string> titles(std::string_view log) {
    std::vector<std::string> all;
    for (const LogEvent& event : analyse_log_text(log).events) all.push_back(event.title);
    return all;
}

// A report of six lines whose times begin at `seconds`; `tag` stands between time and text.
std::string oops(const std::string& function, int seconds = 5, const std::string& tag = "") {
    const std::string time = "[    " + std::to_string(seconds) + ".000000]" + tag + " ";
    return time + "BUG: kernel NULL pointer dereference, address: 0000000000000010\n" +  //
           time + "Oops: 0000 [#1] SMP\n" +                                              //
           time + "CPU: 1 PID: 77 Comm: a cat Tainted: G        W  O       6.1.20-1-amd64 #1\n" + time +
           "RIP: 0010:" + function + "+0x11/0x40 [widget]\n" +  //
           time + "Call Trace:\n" +                             //
           time + " widget_open+0x20/0x50 [widget]\n" +         //
           time + " vfs_read+0x9d/0x190\n" +                    //
           time + "---[ end trace 0000000000000000 ]---\n";
}

}  // namespace

TEST_CASE("an oops with everything it says") {
    const LogAnalysis analysis = analyse_log_text(oops("widget_read.isra.0"));
    REQUIRE(analysis.events.size() == 1);
    const LogEvent& event = analysis.events[0];
    CHECK(event.event_class == EventClass::NullDereference);
    CHECK(event.title == "BUG: unable to handle kernel NULL pointer dereference in widget_read");
    CHECK(event.function == "widget_read.isra.0");
    CHECK(event.blamed == "widget_read");
    CHECK(event.module == "widget");
    CHECK(event.offset == 0x11);
    CHECK(event.line == 1);
    CHECK(event.cpu == 1);
    CHECK(event.pid == 77);
    CHECK(event.comm == "a cat");
    CHECK(event.kernel == "6.1.20-1-amd64");
    CHECK(event.taint == "GWO");
    CHECK(event.die_count == 1);
    CHECK(event.fault_address == 0x10);
    CHECK(event.address_kind == AddressKind::NullOffset);
    CHECK(event.frames.size() == 2);
    CHECK_FALSE(event.corrupted);
    CHECK(analysis.cause == 0);
    CHECK(analysis.kernel == "6.1.20-1-amd64");
    CHECK(taint_words(event.taint).size() == 2);
}

TEST_CASE("what a vendor puts behind a task's name is no part of it") {
    for (const std::string vendors : {"", " Kdump: loaded", " FTT: 0 0"}) {
        CAPTURE(vendors);
        const LogAnalysis analysis = analyse_log_text(
            "[    1.000000] invalid opcode: 0000 [#1] SMP\n"
            "[    1.000000] CPU: 7 PID: 1 Comm: swapper/0" +
            vendors + " Tainted: G S                4.19.113 #1\n");
        REQUIRE(analysis.events.size() == 1);
        CHECK(analysis.events[0].comm == "swapper/0");
    }
}

TEST_CASE("the id survives what differs between builds and boots") {
    const auto id = [](std::string_view log) { return analyse_log_text(log).events.at(0).id; };
    const std::string first = id(oops("widget_read"));
    CHECK(first.size() == 12);
    CHECK(id(oops("widget_read.constprop.0.cold", 99)) == first);
    std::string moved = oops("widget_read");
    for (std::size_t at; (at = moved.find("+0x20/0x50")) != std::string::npos;)
        moved.replace(at, 10, "+0x99/0x1f0");
    CHECK(id(moved) == first);
    CHECK(id(oops("widget_write")) != first);
}

TEST_CASE("reports of several tasks are kept apart by their callers") {
    const std::string one = oops("widget_read", 5, "[  T11]");
    const std::string other = oops("gadget_read", 5, "[  T12]");
    std::string woven;
    std::size_t a = 0;
    std::size_t b = 0;
    while (a < one.size() || b < other.size()) {
        const auto take = [&](const std::string& text, std::size_t& at) {
            const std::size_t end = text.find('\n', at) + 1;
            if (at < text.size()) woven += text.substr(at, end - at), at = end;
        };
        take(one, a);
        take(other, b);
    }
    CHECK(titles(woven) ==
          std::vector<std::string>{"BUG: unable to handle kernel NULL pointer dereference in widget_read",
                                   "BUG: unable to handle kernel NULL pointer dereference in gadget_read"});
}

TEST_CASE("a log that names no callers: the next headline ends the report") {
    const std::string torn =
        "[    5.000000] BUG: unable to handle kernel paging request at ffff8880\n" + oops("widget_read");
    const LogAnalysis analysis = analyse_log_text(torn);
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[0].corrupted);
    CHECK(analysis.events[0].title == "BUG: unable to handle kernel paging request");
    CHECK_FALSE(analysis.events[1].corrupted);
}

TEST_CASE("words of userland and firmware are no events") {
    CHECK(titles("coreboot-4.0 starting\nWARNING: RO_VPD is empty\n[    0.000000] Linux version 6.1.0 (x)\n")
              .empty());
    CHECK(titles("[    0.000000] Linux version 6.1.0 (x)\nWARNING: apt has no stable interface\n").empty());
    CHECK(titles("Jan  1 00:00:00 box mydaemon[3]: BUG: unable to handle kernel paging request\n").empty());
    CHECK(titles("[    1.000000] systemd: DEBUG: x\n[    1.1000] CAM_INFO: y\n").empty());
    CHECK(titles("[    1.000000] INFO: lockdep is turned off.\n").empty());
    // What is of no known kind is still an event where the kernel says it.
    CHECK(titles("[    1.000000] BUG: cable on fire\n") == std::vector<std::string>{"BUG: cable on fire"});
    CHECK(titles("[    1.000000] WARNING: cable on fire\n[    1.000000] Call Trace:\n[    1.000000]  "
                 "burn+0x1/0x2\n")
              .size() == 1);
    // A driver's own words are none.
    CHECK(titles("[    1.000000] usb 1-1: WARNING: cable on fire\n").empty());
}

TEST_CASE("boots are told apart and give the release") {
    const LogAnalysis analysis = analyse_log_text(
        "[    0.000000] Linux version 6.1.0-1 (x)\n[    9.000000] Kernel panic - not syncing: one\n"
        "[    0.000000] Linux version 6.2.0-2 (x)\n[    9.000000] Kernel panic - not syncing: two\n");
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.boots == 2);
    CHECK(analysis.events[0].kernel == "6.1.0-1");
    CHECK(analysis.events[1].kernel == "6.2.0-2");
    CHECK(analysis.cause == 1);
    CHECK(analysis.kernel == "6.2.0-2");
    CHECK(analysis.panicked);
}

TEST_CASE("lines that come again and again are one event") {
    std::string log;
    for (int i = 0; i < 50; ++i) {
        log += "[  " + std::to_string(100 + i) +
               ".000000] unregister_netdevice: waiting for lo to become free. Usage count = 1\n";
    }
    const LogAnalysis analysis = analyse_log_text(log);
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].repeats == 49);
}

TEST_CASE("more events than wanted: the first and the last are kept") {
    std::string log;
    for (int i = 0; i < 500; ++i)
        log += oops("widget_" + std::string(1, static_cast<char>('a' + i % 26)), i + 1);
    log += "[  900.000000] Kernel panic - not syncing: the end\n";
    LogAnalysisOptions options;
    options.max_events = 100;
    const LogAnalysis analysis = analyse_log_text(log, options);
    CHECK(analysis.events.size() + analysis.dropped_events == 501);
    CHECK(analysis.events.size() < 150);
    CHECK(analysis.events.back().title == "kernel panic: the end");
}

TEST_CASE("a dump's own log gives the same events as its text") {
    KernelLog log;
    const std::string text = oops("widget_read");
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find('\n', at);
        PrintkRecord record;
        record.time_ns = 5'000'000'000;
        record.facility = 0;
        record.text = text.substr(text.find("] ", at) + 2, end - text.find("] ", at) - 2);
        log.records.push_back(record);
        at = end + 1;
    }
    const LogAnalysis from_log = analyse_log(log);
    const LogAnalysis from_text = analyse_log_text(text);
    REQUIRE(from_log.events.size() == 1);
    CHECK(from_log.events[0].id == from_text.events.at(0).id);
    CHECK(from_log.events[0].title == from_text.events[0].title);
    CHECK(from_log.events[0].line == 1);
}

TEST_CASE(
    "terminal sequences in a panic's text change neither title nor id, in a dump's own log as in its text") {
    const std::string line = "Kernel panic - not syncing: labcrash: as asked, \033[1mwith an escape";
    KernelLog log;
    PrintkRecord record;
    record.text = line;
    log.records.push_back(record);
    const LogAnalysis from_log = analyse_log(log);
    const LogAnalysis from_text = analyse_log_text("[    5.000000] " + line + "\n");
    REQUIRE(from_log.events.size() == 1);
    CHECK(from_log.events[0].title == "kernel panic: labcrash: as asked, with an escape");
    CHECK(from_log.events[0].title == from_text.events.at(0).title);
    CHECK(from_log.events[0].id == from_text.events[0].id);
}

TEST_CASE("bad input is answered, not suffered") {
    CHECK(analyse_log_text("").events.empty());
    std::string junk;
    for (unsigned i = 0; i < 300'000; ++i) junk += static_cast<char>((i * 7919) >> 3);
    CHECK(analyse_log_text(junk).cause.has_value() == false);
    CHECK(analyse_log_text(std::string(3'000'000, 'B')).events.empty());
    CHECK_FALSE(analyse_log("/nonexistent/log"));
    // Headlines in every line, and one without an end
    std::string wild;
    for (int i = 0; i < 5'000; ++i) wild += "BUG: KASAN: x in y+0x1/0x2\nKernel panic - not syncing: z\n";
    wild += "BUG: " + std::string(500'000, '\x1b');
    CHECK(analyse_log_text(wild).events.size() <= 1100);
}

}  // namespace log_analysis_test
