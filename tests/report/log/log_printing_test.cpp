// crash's options of `log`, and what other buffers hold.
#include <doctest/doctest.h>

#include <postmortem/log_text.h>

namespace log_printing_test {

using namespace postmortem;

namespace {

KernelLog sample() {
    KernelLog log;
    PrintkRecord record;
    record.time_ns = 1'642'120'999;
    record.level = 4;
    record.caller = PrintkCaller{};
    record.caller->pid = 1;
    record.dictionary = {{"SUBSYSTEM", "acpi"}, {"DEVICE", "+acpi:PNP0A03:00"}};
    record.text = "acpi PNP0A03:00: one\ntwo";
    log.records.push_back(record);
    record.caller->interrupt = true;
    record.caller->cpu = 12;
    record.dictionary.clear();
    record.text = "_RNvNtCs1234_7mycrate3foo3bar went wrong";
    log.records.push_back(record);
    return log;
}

}  // namespace

TEST_CASE("levels, callers and dictionaries are printed where crash prints them") {
    LogPrinting how;
    how.levels = how.callers = how.dictionaries = true;
    CHECK(to_text(sample(), how) ==
          "[    1.642120] [    T1] <4>acpi PNP0A03:00: one\n"
          "                           two\n"
          "                           SUBSYSTEM=acpi\n"
          "                           DEVICE=+acpi:PNP0A03:00\n"
          "[    1.642120] [   C12] <4>_RNvNtCs1234_7mycrate3foo3bar went wrong\n");
    how.times = how.callers = how.levels = false;
    CHECK(to_text(sample(), how)
              .starts_with("acpi PNP0A03:00: one\ntwo\nSUBSYSTEM=acpi\nDEVICE=+acpi:PNP0A03:00\n"));
}

TEST_CASE("the time of day names its zone") {
    LogPrinting how;
    how.human_times = true;
    how.boot_time = 1795831060;  // Sat Nov 28 01:57:40 UTC 2026
    how.zone = LogZone::Utc;
    CHECK(to_text(sample(), how).starts_with("[Sat Nov 28 01:57:41 UTC 2026] acpi"));
    how.zone = LogZone::Dump;
    how.zone_minutes = -(3 * 60 + 30);
    CHECK(to_text(sample(), how).starts_with("[Fri Nov 27 22:27:41 -0330 2026] acpi"));
}

TEST_CASE("mangled names of Rust's become paths") {
    KernelLog log = sample();
    write_rust_names(log);
    CHECK(log.records[0].text == "acpi PNP0A03:00: one\ntwo");
    CHECK(log.records[1].text == "mycrate::foo::bar went wrong");
}

TEST_CASE("safe buffers and audit messages are printed as crash prints them") {
    PrintkSafeBuffers buffers;
    buffers.buffers = {{"nmi_print_seq", 0, 0xffff9e39be620260, 0, 0, ""},
                       {"nmi_print_seq", 1, 0xffff9e39be6a0260, 8, 2, "one\ntwo\n"}};
    CHECK(to_text(buffers) ==
          "PRINTK_SAFE_SEQ_BUF: nmi_print_seq\n"
          "CPU: 0  ADDR: ffff9e39be620260 LEN: 0  MESSAGE_LOST: 0\n"
          "  (empty)\n\n"
          "CPU: 1  ADDR: ffff9e39be6a0260 LEN: 8  MESSAGE_LOST: 2\n"
          "  one\n  two\n\n");
    UnsentAudits audits;
    audits.messages = {{1320, "audit(1489384479.809:4342):", "audit_queue"}};
    CHECK(to_text(audits) == "type=1320 audit(1489384479.809:4342):\n");
}

}  // namespace log_printing_test
