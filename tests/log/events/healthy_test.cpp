// Lines of healthy machines that sound like more than they are. None of them is an event, under no prefix.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>
#include <postmortem/oom.h>

namespace healthy_test {

using namespace postmortem;

namespace {

// What a kernel's log holds: drivers, and what daemons and monitors write to it.
const std::vector<std::string> messages = {
    "No.1 FLASH INFO:ad de 94 d2 4",
    "Kernel panic on boot when using nvme",
    "| Kernel panic/crash | crash utility | kdump, netdump |",
    "divide error: bad input in row 3",
    "general protection fault: see below",
    "invalid opcode: 3",
    "int3: x",
    "stack segment: y",
    "mydrv INFO: probe ok",
    "mydrv: WARNING: battery low",
    "mydrv: BUG: this cannot happen, going on",
    "mydrv 0000:01:00.0: WARNING: firmware is old",
    "usb 5-1: WARNING: this device is not what it says",
    "systemd[1]: BUG: unable to handle kernel NULL pointer dereference was seen in the last boot",
    "systemd[1]: Kernel panic - not syncing: that was yesterday",
    "monitor[77]: found 'BUG: soft lockup - CPU#1 stuck for 22s!' in the log",
    "watch: last line was: Kernel panic - not syncing: Fatal exception",
    "I saw in dmesg: bash invoked oom-killer last night",
    "bash invoked oom-killer last night",
    "the machine said Out of memory: Killed process 123 (java) once",
    "WARNING: this driver is deprecated",
    "WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!",
    "INFO: everything is fine",
    "DEBUG: 1 INFO: 2",
    "kdump: kernel BUG at was not configured",
    "audit: type=1400 comm=\"BUG: x\" INFO: y",
    "clocksource: timekeeping watchdog: WARNING: marking tsc as unstable",
    "a.out[123]: segfault at 0 ip 0000000000401136 sp 00007ffd error 4 in a.out[401000+1000]",
    "traps: a.out[123] general protection fault ip:401136 sp:7ffd error:0 in a.out[401000+1000]",
    "x86/cpu: user mode general protection fault {as expected}",
    "perf: interrupt took too long (2500 > 2496), lowering kernel.perf_event_max_sample_rate to 80000",
    "PM: hibernation: Basic memory bitmaps created",
    "EXT4-fs (sda1): re-mounted. Quota mode: none.",
    "ACPI BIOS Error (bug): Could not resolve symbol [\\_SB.PCI0.XHC], AE_NOT_FOUND (20210730/psargs-330)",
    "Oops, the cable is loose",
    "driver: Internal error: 5, retrying",
    "nfs: server box not responding, UBSAN: no",
};

const std::vector<std::string> prefixes = {"",
                                           "[   12.345678] ",
                                           "<4>[   12.345678] ",
                                           "[   12.345678][    T1] ",
                                           "Oct 12 19:00:20 box kernel: ",
                                           "Oct 12 19:00:20 box kernel: [   12.345678] ",
                                           "Oct 12 19:00:20 box app[12]: ",
                                           "2023-10-12T19:00:20+00:00 box app: ",
                                           "kern  :info  : [   12.345678] ",
                                           "Sat Jan 25 09:40:15 2020 kern.info kernel: [   12.345678] "};

}  // namespace

TEST_CASE("a healthy log has no events") {
    for (const std::string& prefix : prefixes) {
        std::string all;
        for (const std::string& message : messages) {
            CAPTURE(prefix);
            CAPTURE(message);
            CHECK(analyse_log_text(prefix + message + "\n").events.empty());
            CHECK(find_oom_events(prefix + message + "\n").empty());
            all += prefix + message + "\n";
        }
        CHECK(analyse_log_text(all).events.empty());
        CHECK(find_oom_events(all).empty());
    }
}

TEST_CASE("prose that warns, and says where something comes from, is no trace") {
    const std::string prose =
        "WARNING: gzip is sensitive to compiler bugs, particularly when\noptimizing.  Use \"make check\".\n"
        "available from https://www.gnu.org/software/gzip/\n";
    CHECK(analyse_log_text(prose).events.empty());
}

TEST_CASE("words like the kernel's, with nothing in front and nothing behind, are nobody's") {
    for (const std::string message : {"Oops: I did it again", "Oops - Right.", "BUG: app does not start",
                                      "irq 9: nobody cared to configure",
                                      "           PANIC: \"Oops: 0002 [#1]\" (check log for details)"}) {
        CAPTURE(message);
        CHECK(analyse_log_text(message + "\n").events.empty());
    }
    const std::string trace = "CPU: 1 PID: 2 Comm: x Not tainted 6.1.0 #1\nCall Trace:\n f+0x1/0x2\n";
    CHECK(analyse_log_text("WARNING: widget is gone\n" + trace).events.size() == 1);
    CHECK(analyse_log_text("WARNING:TYPO_SPELLING: 'occurr'\n" + trace).events.empty());
    CHECK(analyse_log_text(
              "WARNING: Please note that half of the sockets\nare not counted.\n\nThe trace:\n\n" + trace)
              .events.empty());
    CHECK(analyse_log_text("[    1.000000] BUG: widget is gone\n").events.size() == 1);
    CHECK(analyse_log_text("Oops: 0002 [#1]\n").events.size() == 1);
}

TEST_CASE("a machine that starts is no unexpected reboot, unless its kernel had spoken before") {
    const std::string starts =
        "Decompressing Linux... Parsing ELF... done.\nBooting the kernel.\n"
        "[    0.000000] Linux version 6.1.0 (a@b) #1\n";
    CHECK(analyse_log_text(starts).events.empty());
    CHECK(analyse_log_text("[   77.000000] usb 1-1: new device\n" + starts).events.size() == 1);
}

TEST_CASE("daemons' words are not the kernel's, whatever they quote") {
    for (const std::string message :
         {"BUG: unable to handle kernel NULL pointer dereference at 0", "WARNING: x",
          "Kernel panic - not syncing: x", "INFO: task x:1 blocked for more than 120 seconds."}) {
        CAPTURE(message);
        CHECK(analyse_log_text("Oct 12 19:00:20 box app[12]: " + message + "\n").events.empty());
        CHECK(analyse_log_text("Sat Jan 25 09:40:15 2020 daemon.err app: " + message + "\n").events.empty());
        CHECK(analyse_log_text("user  :err   : [    1.000000] " + message + "\n").events.empty());
    }
}

}  // namespace healthy_test
