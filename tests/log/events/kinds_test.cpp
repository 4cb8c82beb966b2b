// Kinds of reports, each with its smallest input: docs/events.md row by row, traces without a reliable frame,
// addresses, what became of the machine.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

#include "log/events/undecoded.h"
#include "support/one_event.h"
#include "support/places.h"

namespace kinds_test {

using namespace postmortem;
using test::analysed;
using test::only;
using test::with_body;

namespace {

struct Row {
    std::vector<std::string> headline;
    std::string event_class;
};

std::vector<std::string> split_at(const std::string& text, const std::string& separator) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (std::size_t at; (at = text.find(separator, from)) != std::string::npos; from = at + separator.size())
        parts.push_back(text.substr(from, at - from));
    parts.push_back(text.substr(from));
    return parts;
}

std::vector<Row> documented_rows() {
    std::vector<Row> rows;
    const auto path = postmortem::test::source_dir() / "docs/events.md";
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `")) continue;
        const std::size_t end = line.find("` | ");
        const std::string rest = line.substr(end + 4);
        rows.push_back({split_at(line.substr(3, end - 3), "<br>"), rest.substr(0, rest.find(' '))});
    }
    return rows;
}

LogEvent one_in(const std::string& log) {
    const LogAnalysis analysis = analyse_log_text(log);
    REQUIRE(analysis.events.size() == 1);
    return analysis.events[0];
}

}  // namespace

TEST_CASE("every headline of docs/events.md has the class that stands there") {
    const std::vector<Row> rows = documented_rows();
    CHECK(rows.size() > 120);
    for (const Row& row : rows) {
        CAPTURE(row.headline.front());
        const LogAnalysis analysis = analysed(with_body(row.headline));
        REQUIRE(analysis.events.size() == 1);
        CHECK(to_string(analysis.events[0].event_class) == row.event_class);
    }
}

TEST_CASE("an oops behind a report that ends without one is an event of its own") {
    for (const Row& row : documented_rows()) {
        if (row.headline.back().find("[#1]") == std::string::npos) continue;
        CAPTURE(row.headline.front());
        std::vector<std::string> lines = {"WARNING: CPU: 0 PID: 7 at mm/slub.c:1 gadget_call+0x1/0x2",
                                          "Call Trace:", " gadget_call+0x1/0x2", " gadget_open+0x1/0x2"};
        for (const std::string& line : with_body(row.headline)) lines.push_back(line);
        CHECK(analysed(lines).events.size() == 2);
    }
}

TEST_CASE("words with a counter are no oops where nothing of an oops follows") {
    CHECK(
        analysed({"mydrv: request [#1] done", "mydrv: request [#2] done", "usb 1-1: reset"}).events.empty());
}

TEST_CASE("every frame unsure: two places are two bugs, and none is called corrupted") {
    const auto lockup = [](const std::string& rip, const std::string& frame) {
        return only({"BUG: soft lockup - CPU#1 stuck for 61s! [cat:77]",
                     "Pid: 77, comm: cat Not tainted 2.6.32 #1",
                     rip.empty() ? "Process cat"
                                 : "RIP: 0010:[<ffffffff81012345>]  [<ffffffff81012345>] " + rip + "+0x1/0x2",
                     "Call Trace:", " <IRQ>  [<ffffffff81012345>] ? watchdog_timer_fn+0x1/0x2",
                     " [<ffffffff81012345>] ? update_load_avg+0x1/0x2",
                     " <EOI>  [<ffffffff81012345>] ? " + frame + "+0x1/0x2",
                     " [<ffffffff81012345>] ? kthread+0x1/0x2"});
    };
    const LogEvent by_ip = lockup("widget_spin", "widget_loop");
    CHECK(by_ip.function == "widget_spin");
    const LogEvent by_frame = lockup("", "widget_loop");
    CHECK(by_frame.function == "widget_loop");
    CHECK(by_frame.title == "BUG: soft lockup in widget_loop");
    const LogEvent other = lockup("", "gadget_loop");
    CHECK(by_frame.id != other.id);
    CHECK(by_frame.corrupted);
    CHECK(by_frame.stall->seconds == 61);
    CHECK(lockup("widget_spin", "x").id != lockup("gadget_spin", "x").id);
}

TEST_CASE("what a headline names, or where the CPU was, tells two bugs apart where no trace does") {
    const auto ids_differ = [](const std::string& report, const std::string& other_function) {
        std::string other = report;
        for (std::size_t at; (at = other.find("widget_loop")) != std::string::npos;)
            other.replace(at, 11, other_function);
        const LogEvent one = one_in(report), two = one_in(other);
        CHECK(one.function == "widget_loop");
        CHECK(two.function == other_function);
        CHECK(one.id != two.id);
    };
    ids_differ(
        "[  69.107030] CFI failure at widget_loop+0x37b/0x6c0 (target: bpf_prog_784f+0x0/0x112; expected "
        "type: 0xd9421881)\n",
        "__seccomp_filter");
    ids_differ("[  8371.232796] WARNING: CPU: 4 PID: 6509 at mm/gup.c:1101 widget_loop+0x577/0x670\n",
               "__get_user_pages");
    ids_differ(
        "[  150.330704] BUG: KASAN: wild-memory-access on address 0000ffff00013138\n"
        "[  150.332222] Read of size 8 by task swapper/0/1\n[  150.344038] Call Trace:\n"
        "[  150.344815]  [<ffffffff81ef3b9d>] dump_stack+0xa9/0xec\n"
        "[  150.346068]  [<ffffffff83a0b6e7>] ? widget_loop+0x77/0x150\n"
        "[  150.347507]  [<ffffffff814622aa>] kasan_report_error+0x6ba/0x6d0\n"
        "[  150.354373]  [<ffffffff8146175e>] __asan_load8+0xae/0xd0\n"
        "[  150.355637]  [<ffffffff83a0b6e7>] widget_loop+0x77/0x150\n"
        "[  150.359847]  [<ffffffff83a0b8a6>] alpha_affinity_init+0xe6/0x270\n",
        "alpha_mask");
    ids_differ(
        "[  511.119241] Kernel panic - not syncing: softlockup: hung tasks\n[  511.297123] Call Trace:\n"
        "[  511.310996]  <IRQ>  [<ffffffff812ea8f6>] dump_stack+0x2e/0x3e\n"
        "[  511.335402]  [<ffffffff8119a2b6>] panic+0x134/0x354\n"
        "[  511.355516]  [<ffffffff8115d973>] watchdog_timer_fn+0x245/0x271\n"
        "[  511.532060]  [<ffffffff81b83c12>] apic_timer_interrupt+0x82/0x90\n"
        "[  511.562077]  <EOI>  [<ffffffff8132969a>] ? widget_loop+0x34/0x8e\n"
        "[  511.596393]  [<ffffffff82df1977>] kernel_init+0x200/0x317\n",
        "insert_augmented");
}

TEST_CASE("a leftover of the stack is not where a panic was called, as long as a frame is sure") {
    CHECK(
        one_in(
            "[   10.756226] Kernel panic - not syncing: sysrq triggered crash\n[   10.756982] Call Trace:\n"
            "[   10.757362]  panic+0x114/0x2f1\n[   10.757433]  ? moom_callback+0xb0/0xb0\n"
            "[   10.757513]  sysrq_handle_crash+0x16/0x20\n[   10.757598]  __handle_sysrq.cold+0x43/0x11a\n")
            .function == "sysrq_handle_crash");
}

TEST_CASE("a jump to nowhere was called by its first frame; \"Bad RIP value\" names nobody") {
    const LogEvent event = one_in(
        "[   10.000000] BUG: unable to handle kernel NULL pointer dereference at 00000000\n"
        "[   10.000000] Oops: 0000 [#1] SMP\n[   10.000000] EIP:   (null)\n"
        "[   10.000000] Code: Bad RIP value.\n[   10.000000] Call Trace:\n"
        "[   10.000000]  alpha_mount+0x41/0x130\n[   10.000000]  do_alpha+0x16f/0xc90\n");
    CHECK(event.title == "BUG: unable to handle kernel NULL pointer dereference in alpha_mount");
}

TEST_CASE("a general protection fault has the address that its headline names, and none of CR2") {
    const std::string rest =
        "\n[   12.100000] RIP: 0010:widget_call+0x30d/0x7a7\n"
        "[   12.200000] CR2: 00000000ffffffff CR3: 00000000a0e24000 CR4: 00000000000406b0\n";
    CHECK_FALSE(one_in("[   12.000000] general protection fault: 0000 [#1] SMP" + rest).fault_address);
    CHECK(one_in(
              "[   12.000000] general protection fault, maybe for address 0xffffc90000123000: 0000 [#1] SMP" +
              rest)
              .fault_address == 0xffffc90000123000);
}

TEST_CASE("an oops behind a report's end takes nothing from it, and gives it nothing") {
    const LogAnalysis analysis = analyse_log_text(
        "[   17.709231] WARNING: CPU: 1 PID: 356 at kernel/sched/core.c:7497 __might_sleep+0x75/0x80()\n"
        "[   17.709231] CPU: 1 PID: 356 Comm: cat-kmsg Not tainted 3.18.0\n[   17.709231] Call Trace:\n"
        "[   17.709231]  [<ffffffff814622aa>] widget_loop+0x6ba/0x6d0\n"
        "[   17.709231] ---[ end trace 322af61ac3977ce8 ]---\n[   17.709231] invalid opcode: 0000 [#1] "
        "SMP\n");
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[0].outcome == Outcome::WentOn);
}

TEST_CASE("fault addresses in the words of every architecture") {
    const auto address = [](const std::vector<std::string>& lines) {
        return analysed(with_body(lines)).events.at(0).fault_address;
    };
    CHECK(address({"Unable to handle kernel pointer dereference in virtual kernel address space",
                   "Failing address: 6b6b6b6b6b6b6000 TEID: 6b6b6b6b6b6b6803"}) == 0x6b6b6b6b6b6b6000);
    CHECK(address({"BUG: Kernel NULL pointer dereference on read at 0x10"}) == 0x10);
    CHECK(address({"BUG: Unable to handle kernel data access on write at 0xc000000000001230"}) ==
          0xc000000000001230);
    CHECK(address({"Oops - load access fault [#1]",
                   "status: 0000000200000120 badaddr: 000000001000e000 cause: 0000000000000005"}) ==
          0x1000e000);
    CHECK(address({"Unable to handle kernel paging request for instruction fetch",
                   "Faulting instruction address: 0x00000000c0123450"}) == 0xc0123450);
    // The place of the instruction, not what it wanted.
    CHECK(address({"Unable to handle kernel paging request for unknown fault",
                   "Faulting instruction address: 0x00000000c0123450"}) == std::nullopt);
    CHECK(address({"Internal error: Oops: 96000005 [#1] SMP", "[0000000000000008] pgd=0000000000000000"}) ==
          8);
    CHECK(
        address({"general protection fault, probably for non-canonical address 0xdffffc0000000001: 0000 [#1]",
                 "KASAN: null-ptr-deref in range [0x0000000000000008-0x000000000000000f]"}) == 8);
    const LogEvent mips =
        analysed(
            with_body({"CPU 0 Unable to handle kernel paging request at virtual address 00000000, epc == "
                       "80123456, ra == 80123460"}))
            .events.at(0);
    CHECK(mips.event_class == EventClass::NullDereference);
    CHECK(mips.title.find("NULL pointer dereference") != std::string::npos);
}

TEST_CASE("the last page: an error code, or NULL with an offset taken off") {
    const auto kind = [](const std::string& registers) {
        return analysed({"BUG: unable to handle page fault for address: ffffffffffffffe0",
                         "RIP: 0010:widget_read+0x1/0x2", registers, "Call Trace:", " widget_open+0x1/0x2"})
            .events.at(0)
            .address_kind;
    };
    CHECK(kind("RAX: 0000000000000000 RBX: ffffffffffffffd0") == AddressKind::NullMinusOffset);
    CHECK(kind("RAX: fffffffffffffff4 RBX: ffff888000000000") == AddressKind::ErrorPointer);
}

TEST_CASE("the caller stands in for a helper whose trace is cut") {
    const LogEvent event =
        only({"Unable to handle kernel NULL pointer dereference at virtual address 00000000",
              "Internal error: Oops: 5 [#1] SMP ARM", "PC is at strlcat+0x10/0x20",
              "LR is at widget_path+0x1/0x2 [widget]"});
    CHECK(event.blamed == "widget_path");
    CHECK(event.title == "BUG: unable to handle kernel NULL pointer dereference in widget_path");
}

TEST_CASE("decode_stacktrace.sh and klogd change nothing") {
    const std::vector<std::string> plain = {"general protection fault: 0000 [#1] SMP",
                                            "RIP: 0010:widget_read+0x10/0x40 [widget]",
                                            "Call Trace:",
                                            " widget_open+0x20/0x50 [widget]",
                                            " ? memcpy+0x1/0x2",
                                            " vfs_read+0x1/0x2"};
    const std::vector<std::string> decoded = {
        "general protection fault: 0000 [#1] SMP",
        "RIP: 0010:widget_read (drivers/widget.c:523 (discriminator 2)) widget",
        "Call Trace:",
        " widget_open (drivers/widget.c:11 include/w.h:3) widget",
        " ? memcpy (lib/string.c:1)",
        " vfs_read (fs/read_write.c:470)"};
    const std::vector<std::string> klogd = {
        "general protection fault: 0000 [#1] SMP", "RIP: 0010:widget_read+0x10/0x40 [widget]",
        "Call Trace:", " [<c0123456>] [widget:widget_open+0x20/0x50] widget_open+0x20/0x50 [widget]",
        " [vfs_read+0x1/0x2] vfs_read+0x1/0x2"};
    CHECK(only(decoded).id == only(plain).id);
    CHECK(only(decoded).title == only(plain).title);
    CHECK(only(decoded).source == "drivers/widget.c:523");
    CHECK_FALSE(only(decoded).ip->offset);
    CHECK(only(klogd).id == only(plain).id);
    CHECK(undecoded("usb 1-1: new device (rev 1:2)").text.empty());
    CHECK(undecoded("a (b.c:12").text.empty());
}

TEST_CASE("where init ends, and who looks after tasks that hang, is no place of a fault") {
    const LogEvent init =
        only({"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
              "CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1", "Call Trace:", " panic+0x1/0x2",
              " do_exit+0x1/0x2", " do_group_exit+0x1/0x2"});
    CHECK(init.function.empty());
    const LogEvent hung = only({"Kernel panic - not syncing: hung_task: blocked tasks",
                                "CPU: 0 PID: 27 Comm: khungtaskd Not tainted 6.1.0 #1",
                                "Call Trace:", " panic+0x1/0x2", " watchdog+0x1/0x2", " kthread+0x1/0x2"});
    CHECK(hung.function.empty());
}

TEST_CASE("drivers that talk between a bad address and its oops part nothing") {
    std::string text = "[    5.261988] BUG: unable to handle page fault for address: 0000000000200286\n";
    for (int i = 0; i < 60; ++i) text += "[    5.262000] sdhci-pci 0000:00:1b.0: SDHCI controller found\n";
    text += "[    5.362000] Oops: 0000 [#1] SMP\n";
    for (const std::string& line : with_body({})) text += "[    5.362000] " + line + "\n";
    const LogAnalysis analysis = analyse_log_text(text);
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].event_class == EventClass::PageFault);
    CHECK_FALSE(analysis.events[0].function.empty());
}

TEST_CASE("a hard lockup long behind another report's headline is an event of its own") {
    const LogAnalysis analysis = analyse_log_text(
        "[   18.781659] BUG: spinlock lockup suspected on CPU#5, (agetty)/2349\n"
        "[   18.781754] Call trace:\n"
        "[   18.781967]  widget_create+0x40/0x90\n"
        "[   36.207741] Watchdog detected hard LOCKUP on cpu 7\n");
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[1].event_class == EventClass::HardLockup);
}

TEST_CASE(
    "whoever asked for memory is not to blame for its lack; a panic that only follows is told by its "
    "caller") {
    const auto oom = [](const std::string& function) {
        return only({"cat invoked oom-killer: gfp_mask=0x201d2, order=0, oomkilladj=0",
                     "Call Trace:", " [<ffffffff81012345>] out_of_memory+0x57/0x1dc",
                     " [<ffffffff81012345>] " + function + "+0x1/0x2"});
    };
    CHECK(oom("widget_alloc").function.empty());
    CHECK(oom("widget_alloc").id == oom("gadget_alloc").id);
    const auto panic = [](const std::string& function) {
        return only({"Kernel panic - not syncing: panic_on_warn set ...", "Call Trace:", " panic+0x1/0x2",
                     " " + function + "+0x1/0x2"});
    };
    CHECK(panic("widget_call").function == "widget_call");
    CHECK(panic("widget_call").id != panic("gadget_call").id);
}

TEST_CASE("s390 names where a program goes on, which may be the next function") {
    const auto report = [](const std::string& headline, const std::string& breaking_event) {
        return one_in(headline +
                      "CPU: 0 PID: 219 Comm: sh 6.12.0 #1\n"
                      "Krnl PSW : 0704c00180000000 000003ff7e970988 (next_one+0x0/0x50 [widget])\n"
                      "           R:0 T:1 IO:1 EX:1 Key:0 M:1 W:0 P:0 AS:3 CC:0 PM:0 RI:0 EA:3\n"
                      "Call Trace:\n"
                      " [<000003ff7e970988>] next_one+0x0/0x50 [widget] \n"
                      "([<000003ff7e970ce8>] widget_write+0xa0/0x138 [widget])\n"
                      " [<000003fffed4fa0e>] proc_reg_write+0x96/0xf8 \n"
                      "Last Breaking-Event-Address:\n" +
                      breaking_event + "---[ end trace 0000000000000000 ]---\n");
    };
    const std::string bug = "kernel BUG at widget.c:86!\nmonitor event: 0040 ilc:2 [#1] SMP \n";
    const std::string branch = " [<000003ff7e97096c>] widget_open+0xc/0x28 [widget]\n";
    const LogEvent told = report(bug, branch);
    CHECK(told.title == "kernel BUG in widget_open");
    CHECK(told.ip->function == "widget_open");
    CHECK(told.ip->offset == 0x24u);
    REQUIRE(told.frames.size() == 3);
    CHECK(told.frames.front().function == "widget_open");
    CHECK(told.frames.back().function == "proc_reg_write");
    // No line tells whose end lies there.
    CHECK(report(bug, " [<000003fffed4fa0e>] proc_reg_write+0x96/0xf8 \n").title ==
          "kernel BUG in widget_write");
    // Instructions of two, four and six bytes; and one that is tried again.
    CHECK(report("illegal operation: 0001 ilc:1 [#1] SMP \n", branch).function == "widget_open");
    CHECK(report("data exception: 0007 ilc:3 [#1] SMP \n", branch).function == "widget_open");
    CHECK(report("Unable to handle kernel pointer dereference in virtual kernel address space\n"
                 "Failing address: 0000000000000000 TEID: 0000000000000483\n"
                 "Oops: 0004 ilc:3 [#1] SMP \n",
                 branch)
              .function == "next_one");
    const LogEvent warning =
        report("WARNING: CPU: 0 PID: 219 at widget.c:91 widget_open+0x24/0x28 [widget]\n", branch);
    CHECK(warning.function == "widget_open");
    CHECK(warning.frames.front().function == "widget_open");
}

TEST_CASE("s390: the instruction that was given up stands before where the program goes on") {
    const LogEvent divided = one_in(
        "fixpoint divide exception: 0009 ilc:2 [#1] SMP \n"
        "Krnl PSW : 0704c00180000000 000003ff7e7a54aa (widget_divide+0x22/0x38 [widget])\n"
        "Call Trace:\n"
        " [<000003ff7e7a54aa>] widget_divide+0x22/0x38 [widget] \n"
        " [<000003fffed4fa0e>] proc_reg_write+0x96/0xf8 \n");
    CHECK(divided.title == "divide error in widget_divide");
    CHECK(divided.offset == 0x1eu);
    CHECK(divided.frames.front().offset == 0x1eu);
}

TEST_CASE("s390: a call of a null pointer is told by the last branch") {
    const LogEvent event = one_in(
        "illegal operation: 0001 ilc:1 [#1] SMP \n"
        "CPU: 0 PID: 219 Comm: sh 6.12.0 #1\n"
        "Krnl PSW : 0704c00180000000 0000000000000002 (0x2)\n"
        "Call Trace:\n"
        " [<0000000000000002>] 0x2 \n"
        "([<000003ff7e8b7c48>] widget_write+0x0/0x138 [widget])\n"
        " [<000003ff7e8b7d74>] widget_write+0x12c/0x138 [widget] \n"
        " [<000003fffed4fa0e>] proc_reg_write+0x96/0xf8 \n"
        "Last Breaking-Event-Address:\n"
        " [<000003ff7e8b73d0>] widget_call+0x28/0x48 [widget]\n"
        "---[ end trace 0000000000000000 ]---\n");
    CHECK(event.title == "illegal operation in widget_call");
    CHECK(event.function == "widget_call");
    CHECK(event.module == "widget");
    CHECK(event.offset == 0x28u);
}

TEST_CASE("the entry of a warning's exception is not where the warning was") {
    const LogEvent event =
        only({"Kernel panic - not syncing: kernel: panic_on_warn set ...", "Call Trace:", " panic+0x1/0x2",
              " check_panic_on_warn+0x1/0x2", " __warn+0x1/0x2", " report_bug+0x1/0x2",
              " monitor_event_exception+0x1/0x2", " __do_pgm_check+0x1/0x2", " pgm_check_handler+0x1/0x2",
              " widget_warn+0x2c/0x50"});
    CHECK(event.function == "widget_warn");
    CHECK(event.offset == 0x28u);  // behind "mc 0,0"
}

TEST_CASE("a leftover at the very beginning of a function is not where it happened") {
    CHECK(only({"Kernel panic - not syncing: panic_on_warn set ...", "Call Trace:", " panic+0x1/0x2",
                " gadget_wait+0x0/0x20", " widget_call+0x1/0x2"})
              .function == "widget_call");
}

TEST_CASE("where the clock jumps another log begins; a line out of order is none") {
    const auto log = [](const std::vector<int>& seconds) {
        std::string text =
            "[  500.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"
            "[  500.000000] rcu: \t3-...!: (1 GPs behind) idle=1\n";
        for (const int second : seconds) text += "[  " + std::to_string(second) + ".000000] usb 1-1: reset\n";
        return analyse_log_text(text + "[  " + std::to_string(seconds.back()) +
                                ".000000] NMI backtrace for cpu 3\n[  " + std::to_string(seconds.back()) +
                                ".000000] RIP: 0010:widget_spin+0x1/0x2\n");
    };
    CHECK(log({500, 501, 501, 501, 501}).events.at(0).function == "widget_spin");
    CHECK(log({500, 102, 501, 501, 501, 501}).events.at(0).function == "widget_spin");
    CHECK(log({102, 102, 102, 102, 103}).events.at(0).function.empty());
    CHECK(log({900, 900, 900, 900, 901}).events.at(0).function.empty());
}

TEST_CASE("RHEL's taint columns") {
    const LogEvent event =
        only({"BUG: soft lockup - CPU#1 stuck for 61s! [cat:77]",
              "Pid: 77, comm: cat Tainted: G           --L------------  2.6.32-220.el6.x86_64 #1",
              "RIP: 0010:widget_spin+0x1/0x2"});
    CHECK(event.taint == "GL");
}

TEST_CASE("what RHEL added behind the kernel's taint columns has a meaning of its own") {
    const LogEvent event = only({"BUG: soft lockup - CPU#1 stuck for 61s! [cat:77]",
                                 "CPU: 9 PID: 77 Comm: cat Tainted: G    B          ------------ T "
                                 "3.10.0-327.4.5.el7.x86_64 #1",
                                 "RIP: 0010:widget_spin+0x1/0x2"});
    CHECK(event.taint == "GB-T");
    CHECK(taint_words(event.taint) ==
          std::vector<std::string>{"a page was in a bad state",
                                   "a technology preview of the distribution was used"});
    CHECK(taint_words("GT") == std::vector<std::string>{"the kernel was built with randomised structs"});
}

TEST_CASE("a taint that was cut off says nothing; the line that spells it out does") {
    const std::vector<std::string> cut = {"BUG: soft lockup - CPU#1 stuck for 61s! [cat:77]",
                                          "CPU: 1 UID: 0 PID: 77 Comm: cat Tainted: G",
                                          "RIP: 0010:widget_spin+0x1/0x2"};
    CHECK(only(cut).taint.empty());
    std::vector<std::string> spelled = cut;
    spelled.insert(spelled.begin() + 2, "Tainted: [D]=DIE, [W]=WARN");
    CHECK(only(spelled).taint == "DW");
}

TEST_CASE("Rust's message is in one line, or in the next one without a prefix") {
    const std::vector<std::string> trace = {"------------[ cut here ]------------",
                                            "kernel BUG at rust/helpers/bug.c:7!",
                                            "invalid opcode: 0000 [#1] SMP",
                                            "RIP: 0010:rust_helper_BUG+0x1/0x2",
                                            "Call Trace:",
                                            " rust_begin_unwind+0x1/0x2",
                                            " widget_read+0x1/0x2"};
    std::string text =
        "[    1.000000] rust_kernel: panicked at drivers/widget.rs:86:54:\nattempt to overflow\n";
    for (const std::string& line : trace) text += "[    1.000000] " + line + "\n";
    const LogAnalysis two = analyse_log_text(text);
    REQUIRE(two.events.size() == 2);
    CHECK(two.events[0].title == "attempt to overflow in widget_read");
    CHECK(two.events[0].function == "widget_read");
    CHECK(two.events[1].follows == 0);
    CHECK(two.cause == 0);
}

}  // namespace kinds_test
