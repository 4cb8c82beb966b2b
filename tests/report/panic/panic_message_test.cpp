// Which line of a log is taken for the reason of the death.
#include "report/panic/panic_message.h"

#include <doctest/doctest.h>

namespace panic_message_test {

using namespace postmortem;

namespace {

KernelLog log_of(std::initializer_list<const char*> lines) {
    KernelLog log;
    for (const char* line : lines) {
        PrintkRecord record;
        record.text = line;
        log.records.push_back(record);
    }
    return log;
}

}  // namespace

TEST_CASE("a panic's own reason is the message") {
    CHECK(find_panic_message(
              log_of({"sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"})) ==
          "Kernel panic - not syncing: sysrq triggered crash");
    // An oops that the kernel survived is not the reason.
    CHECK(find_panic_message(
              log_of({"BUG: kernel NULL pointer dereference, address: 0000000000000000",
                      "Oops: 0002 [#1] PREEMPT SMP NOPTI", "---[ end trace 0000000000000000 ]---",
                      "Kernel panic - not syncing: hung_task: blocked tasks"})) ==
          "Kernel panic - not syncing: hung_task: blocked tasks");
}

TEST_CASE("where the panic only says that an exception was fatal, the exception is the message") {
    const auto log = log_of(
        {"BUG: unable to handle page fault for address: ffffdeadbeef0000",
         "#PF: supervisor read access in kernel mode", "#PF: error_code(0x0000) - not-present page",
         "PGD 0 P4D 0 ", "Oops: 0000 [#1] PREEMPT SMP NOPTI", "RIP: 0010:touch+0x5/0x10",
         "---[ end trace 0000000000000000 ]---", "Kernel panic - not syncing: Fatal exception in interrupt"});
    CHECK(find_panic_message(log) == "BUG: unable to handle page fault for address: ffffdeadbeef0000");
}

TEST_CASE("kdump may take over before any panic is printed") {
    CHECK(find_panic_message(
              log_of({"kernel BUG at /mnt/labcrash.c:43!", "invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"})) ==
          "kernel BUG at /mnt/labcrash.c:43!");
    CHECK(find_panic_message(log_of({"divide error: 0000 [#1] PREEMPT SMP NOPTI"})) ==
          "divide error: 0000 [#1] PREEMPT SMP NOPTI");
    CHECK(find_panic_message(
              log_of({"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000",
                      "Mem abort info:", "  ESR = 0x0000000096000044",
                      "Internal error: Oops: 0000000096000044 [#1] SMP"})) ==
          "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000");
    // Until 4.20 sysrq-c dereferenced a null pointer.
    CHECK(find_panic_message(log_of(
              {"SysRq : Trigger a crash",
               "BUG: unable to handle kernel NULL pointer dereference at           (null)",
               "IP: sysrq_handle_crash+0x16/0x20", "Oops: 0002 [#1] SMP "})) == "SysRq : Trigger a crash");
}

TEST_CASE("of several reports the last counts, and one does not reach into the one before") {
    CHECK(find_panic_message(log_of({"BUG: kernel NULL pointer dereference, address: 0000000000000008",
                                     "Oops: 0000 [#1] SMP", "---[ end trace 0000000000000000 ]---",
                                     "general protection fault: 0000 [#2] SMP"})) ==
          "general protection fault: 0000 [#2] SMP");
    CHECK(find_panic_message(log_of({"BUG: kernel NULL pointer dereference, address: 0000000000000008",
                                     "Oops: 0000 [#1] SMP", "Oops: 0000 [#2] SMP"})) ==
          "Oops: 0000 [#2] SMP");
}

TEST_CASE("what user space wrote is not believed, and most logs tell of no death") {
    KernelLog log = log_of({"Kernel panic - not syncing: says who?", "all is well [#1]"});
    for (PrintkRecord& record : log.records) record.facility = 1;
    CHECK_FALSE(find_panic_message(log));
    CHECK_FALSE(find_panic_message(KernelLog()));
    CHECK_FALSE(find_panic_message(
        log_of({"Linux version 6.1", "WARNING: CPU: 0 PID: 1 at x.c:1", "list [#] [#x]"})));
}

TEST_CASE("only the first line of a message of several lines is taken") {
    CHECK(find_panic_message(log_of({"Kernel panic - not syncing: one\ntwo"})) ==
          "Kernel panic - not syncing: one");
}

}  // namespace panic_message_test
