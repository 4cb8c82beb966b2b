// Reports that others print: debuggers, filesystems from outside of the tree, whoever looked names up.
#include <string>

#include <doctest/doctest.h>

#include <postmortem/log_analysis.h>

#include "support/one_event.h"

namespace other_reports_test {

using namespace postmortem;
using test::analysed;
using test::only;
using test::with_body;

namespace {

constexpr const char* xmon =
    "cpu 0x1b: Vector: 380 (Data SLB Access) at [c00000000b9bb320]\n"
    "    pc: c000000008f31704: widget_lock+0x14/0x100\n    lr: c0000000083f41fc: widget_alloc+0x5c/0x290\n"
    "    sp: c00000000b9bb5b0\n   msr: 800000010280b033\n   dar: 40000000008\n"
    "  current = 0xc00000000b9a2700\n    pid   = 41, comm = widgetd\n"
    "Linux version 5.2.0-rc4-widget (root@host) (gcc version 7.4.1)\nenter ? for help\n"
    "[link register   ] c0000000083f41fc widget_alloc+0x5c/0x290\n"
    "[c00000000b9bb5b0] 0000000000000dc0 (unreliable)\n"
    "[c00000000b9bb5f0] c0000000083f48c8 widget_probe+0x138/0x360\n"
    "[c00000000b9bb670] c000000008aa789c really_probe+0x4c/0xa0\n";

void check_xmon(const LogAnalysis& analysis) {
    REQUIRE(analysis.events.size() == 1);
    const LogEvent& event = analysis.events[0];
    CHECK(event.event_class == EventClass::PageFault);
    CHECK(event.title == "BUG: unable to handle kernel paging request in widget_lock");
    CHECK(event.function == "widget_lock");
    CHECK(event.cpu == 0x1b);
    CHECK(event.pid == 41);
    CHECK(event.comm == "widgetd");
    CHECK(event.fault_address == 0x40000000008);
    CHECK(event.frames.size() >= 2);
    CHECK(event.frames.back().function == "really_probe");
    CHECK(analysis.boots == 1);
}

}  // namespace

TEST_CASE("xmon's report is one of its own, or the body of the oops in front of it") {
    check_xmon(analyse_log_text(xmon));
    check_xmon(analyse_log_text(std::string("BUG: Unable to handle kernel data access at 0x40000000008\n"
                                            "Faulting instruction address: 0xc000000008f31704\n") +
                                xmon));
    check_xmon(analyse_log_text(
        std::string("[  130.272410] Linux version 5.2.0-rc4-widget (root@host)\n"
                    "[  133.932874] BUG: Unable to handle kernel data access on write at 0x40000000008\n"
                    "[  133.934432] Faulting instruction address: 0xc000000008f31704\n") +
        xmon));
}

TEST_CASE(
    "warnings without a file, with a file and no offset, and with a headline for each inlined function") {
    for (const char* headline :
         {"WARNING: CPU: 0 PID: 77 at widget_read+0x10/0x40", "WARNING: at widget_read+0x10/0x40",
          "WARNING: at widget_read+0x10/0x40, CPU#3: cat/77",
          "WARNING: CPU: 0 PID: 77 at drivers/widget.c:18 widget_read"}) {
        const LogEvent event = only(with_body({headline}));
        CHECK(event.event_class == EventClass::Warning);
        CHECK(event.title == "WARNING in widget_read");
        CHECK(event.pid == 77);
    }
    const LogEvent inlined = only(with_body(
        {"BUG: KASAN: null-ptr-deref in instrument_atomic_read include/linux/instrumented.h:82 [inline]",
         "BUG: KASAN: null-ptr-deref in atomic_read include/linux/atomic.h:32 [inline]",
         "BUG: KASAN: null-ptr-deref in widget_read+0x10/0x40 drivers/widget.c:18",
         "Read of size 4 at addr 0000000000000018 by task cat/77"}));
    CHECK(inlined.title == "KASAN: null-ptr-deref Read in widget_read");
}

TEST_CASE("the name of a process is no part of sparc's titles") {
    const LogEvent one = only(with_body({"systemd(1): Oops [#1]"}));
    CHECK(one.title == "Oops in widget_read");
    CHECK(only(with_body({"a.out(941): Oops [#1]"})).id == one.id);
    CHECK(only(with_body({"a.out(941): Kernel does fpu/atomic unaligned load/store. [#3]"})).event_class ==
          EventClass::AlignmentFault);
}

TEST_CASE("Lustre's assertions name their function, and a panic follows from them") {
    const LogAnalysis analysis =
        analysed({"LustreError: 1246375:0:(dcache.c:136:ll_ddelete()) ASSERTION( d_count(de) == 1 ) failed: ",
                  "LustreError: 1246375:0:(dcache.c:136:ll_ddelete()) LBUG",
                  "Pid: 1246375, comm: su 5.14.0-503.35.1.el9_5.x86_64 #1 SMP",
                  "Call Trace:", " libcfs_call_trace+0x8c/0xc0 [libcfs]", " lbug_with_loc+0x3e/0x80 [libcfs]",
                  " ll_ddelete+0x9d/0x190 [lustre]", "Kernel panic - not syncing: LBUG"});
    REQUIRE(analysis.events.size() == 2);
    CHECK(analysis.events[0].title == "LBUG in ll_ddelete");
    CHECK(analysis.events[0].function == "ll_ddelete");
    CHECK(analysis.events[0].comm == "su");
    CHECK(analysis.events[1].follows == 0);
}

TEST_CASE("what an interrupt interrupted is not the place of its report") {
    const LogEvent event =
        only({"BUG: Bad page state in process swapper/1  pfn:11f65a",
              "CPU: 1 PID: 0 Comm: swapper/1 Not tainted 5.11.0-rc2+ #1976", "Call Trace:", " <IRQ>",
              " dump_stack+0x77/0x97", " bad_page.cold+0x65/0x96", " widget_tasklet+0x651/0x720", " </IRQ>",
              " asm_common_interrupt+0x1e/0x40", "RIP: 0010:default_idle+0x18/0x20", " do_idle+0x1d5/0x250"});
    CHECK(event.function == "widget_tasklet");
    CHECK(event.title == "BUG: Bad page state in widget_tasklet");
    const LogEvent bad_pte =
        only({"BUG: Bad page map in process a  pte:1 pmd:2", "Call Trace:", " dump_stack+0x1/0x2",
              " print_bad_pte+0x1/0x2", " widget_fault+0x1/0x2"});
    CHECK(bad_pte.function == "widget_fault");
}

TEST_CASE("a warning in an interrupt whose registers are lost is not in the idle loop") {
    const LogEvent event =
        only({"WARNING: CPU: 3 PID: 0 at net/mac80211/tx.c:5038 widget_beacon_get+0x14ac/0x16b0",
              "Modules linked in:", "Call Trace:", " <IRQ>", " ? widget_beacon_get+0x14ab/0x16b0",
              " asm_sysvec_apic_timer_interrupt+0x1a/0x20", "RIP: 0010:default_idle+0xf/0x20",
              " default_idle_call+0x6d/0xb0"});
    CHECK(event.title == "WARNING in widget_beacon_get");
    CHECK(event.function == "widget_beacon_get");
}

TEST_CASE("who called NULL is in the link register alone") {
    const LogEvent event = only(
        {"Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000",
         "Internal error: Oops: 86000005 [#1] PREEMPT SMP", "CPU: 0 PID: 3044 Comm: x Not tainted 6.0.0 #0",
         "pc : 0x0", "lr : widget_notify+0xbc/0x208", "Call trace:", " 0x0", " widget_change+0x38/0xbc"});
    CHECK(event.title == "BUG: unable to handle kernel NULL pointer dereference in widget_notify");
    CHECK(event.function == "widget_notify");
}

TEST_CASE("a machine check whose status says that it was corrected is none") {
    const auto bank = [](const std::string& status) {
        return analysed({"mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 7: " + status}).events.size();
    };
    for (const char first : std::string("89cd")) CHECK(bank(first + std::string("c00004000010090")) == 0);
    for (const char first : std::string("abef")) CHECK(bank(first + std::string("c00004000010090")) == 1);
}

TEST_CASE("a report of a function that was inlined, told without a clock") {
    const LogAnalysis analysis = analyse_log_text(
        "BUG: KMSAN: uninit-value in widget_key drivers/widget.c:510 [inline]\n"
        "BUG: KMSAN: uninit-value in widget_event+0xb73/0xe00 drivers/widget.c:4570\n"
        " widget_key drivers/widget.c:510 [inline]\n widget_event+0xb73/0xe00 drivers/widget.c:4570\n"
        " widget_work+0xb73/0xe00 drivers/widget.c:470\n");
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].title == "KMSAN: uninit-value in widget_event");
}

TEST_CASE("a warning of a kernel that knows no symbols") {
    CHECK(only({"WARNING: CPU: 4 PID: 2650 at 0xffffffffa538abb7", "Modules linked in: a",
                "CPU: 4 PID: 2650 Comm: x Not tainted 5.10.0 #1", "Call Trace:", " 0xffffffffa538abb7"})
              .event_class == EventClass::Warning);
}

TEST_CASE("exceptions before there is anybody to take them") {
    const auto early = [](const std::string& headline) {
        return only({headline, "CPU: 0 PID: 0 Comm: swapper Not tainted 4.19.0 #1",
                     "RIP: 0010:widget_setup+0x12/0x80", "Call Trace:", " setup_arch+0x812/0xc60",
                     " start_kernel+0x5f/0x4e0"});
    };
    const LogEvent fault =
        early("PANIC: early exception 0x0e IP 10:ffffffff81b2c4d2 error 0 cr2 0xffffffffff240000");
    CHECK(fault.title == "BUG: unable to handle kernel paging request in widget_setup");
    CHECK(fault.outcome == Outcome::Died);
    CHECK(early("PANIC: early exception 0d rip 10:ffffffff81b2c4d2 error 0 cr2 0").event_class ==
          EventClass::GeneralProtectionFault);
    CHECK(early("PANIC: early exception 0xe3 IP 10:ffffffffa08146f1 error 0 cr2 0x0").title ==
          "early exception 0xe3 in widget_setup");
}

TEST_CASE("ia64 says where it was in words of its own") {
    const std::vector<std::string> body = {
        "CPU: 6 PID: 65 Comm: widgetd Not tainted 5.10.0-6-itanium #1",
        "psr : 00001010084a6010 ifs : 8000000000000410 ip  : [<a0000001011e06b0>]",
        "ip is at widget_open+0x120/0x130",
        "Call Trace:",
        " [<a000000100014c50>] show_stack+0x90/0xc0",
        " [<a000000100015360>] show_regs+0x6e0/0xa40",
        " [<a0000001000275d0>] die+0x1b0/0x4a0",
        " [<a00000010000ca20>] ia64_leave_kernel+0x0/0x270",
        " [<a0000001011e06b0>] widget_open+0x120/0x130"};
    std::vector<std::string> bug = {"widgetd[65]: bugcheck! 0 [1]"};
    bug.insert(bug.end(), body.begin(), body.end());
    CHECK(only(bug).title == "kernel BUG in widget_open");
    std::vector<std::string> fault = {
        "Unable to handle kernel NULL pointer dereference (address 0000000000001688)",
        "widgetd[65]: Oops 11012296146944 [1]"};
    fault.insert(fault.end(), body.begin(), body.end());
    CHECK(only(fault).function == "widget_open");
    CHECK(only(fault).title == "BUG: unable to handle kernel NULL pointer dereference in widget_open");
}

TEST_CASE("a check that warns of its callers has as many bugs as it has callers") {
    const auto called_by = [](const std::string& caller) {
        return only(
            {"WARNING: CPU: 1 PID: 100 at kernel/rcu/tree_plugin.h:318 rcu_note_context_switch+0x4b2/0x530",
             "CPU: 1 PID: 100 Comm: x Not tainted 6.6.0 #1", "RIP: 0010:rcu_note_context_switch+0x4b2/0x530",
             "Call Trace:", " __schedule+0xd9/0x1540", " schedule+0x5a/0xd0", " " + caller + "+0x12/0x30",
             " worker_thread+0x1/0x2"});
    };
    CHECK(called_by("widget_cmd").title == "WARNING in rcu_note_context_switch");
    CHECK(called_by("widget_cmd").id != called_by("gadget_xmit").id);
}

TEST_CASE("the headline of a pasted report alone has kept its prefix") {
    const LogAnalysis analysis = analyse_log_text(
        "Oops: gen[  107.736417][ T5848] Oops: general protection fault, probably for non-canonical address "
        "0xdffffc0000000000: 0000 [#1] SMP\nKASAN: null-ptr-deref in range "
        "[0x0000000000000000-0x0000000000000007]\n"
        "CPU: 1 UID: 0 PID: 5848 Comm: widgetd Not tainted 6.17.0 #0\nRIP: 0010:widget_compare+0x3c/0xc0\n"
        "Call Trace:\n <TASK>\n widget_mount+0x1378/0x2c10\n");
    REQUIRE(analysis.events.size() == 1);
    CHECK(analysis.events[0].function == "widget_compare");
    CHECK(analysis.events[0].pid == 5848);
    // early_printk() knows no time.
    const LogAnalysis early = analyse_log_text(
        "PANIC: early exception 0x0e IP 10:ffffffffa96679b6 error 0 cr2 0x20\n"
        "[    0.000000] CPU: 0 PID: 0 Comm: swapper Not tainted 5.17.0 #1\n[    0.000000] RIP: "
        "0010:widget_read+0x6/0xb0\n"
        "[    0.000000] Call Trace:\n[    0.000000]  widget_init+0x10/0x20\n");
    REQUIRE(early.events.size() == 1);
    CHECK(early.events[0].function == "widget_read");
}

TEST_CASE("multiple matching entries in the TLB of mips") {
    const LogEvent event =
        only({"Got mcheck at ffffffff81134ef0", "CPU: 3 PID: 36 Comm: khugepaged Not tainted 6.4.0 #1",
              "epc   : ffffffff81134ef0 __update_tlb+0x260/0x2a0",
              "Call Trace:", "[<ffffffff8111e03c>] do_mcheck+0x2c/0x98"});
    CHECK(event.event_class == EventClass::MachineCheck);
    CHECK(event.function == "__update_tlb");
}

TEST_CASE("bad page maps of two places have two ids") {
    const auto in_trace = [](const std::string& function) {
        return only({"BUG: Bad page map in process a  pte:1 pmd:2",
                     "Call Trace:", " print_bad_page_map+0x1/0x2", " vm_normal_page+0x1/0x2",
                     " " + function + "+0x1/0x2", " exit_mmap+0x1/0x2"});
    };
    CHECK(in_trace("unmap_page_range").title == in_trace("copy_page_range").title);
    CHECK(in_trace("unmap_page_range").id != in_trace("copy_page_range").id);
}

TEST_CASE("where a trace is cut behind the scheduler nobody is named; a sentence is no frame") {
    const LogEvent hung = only({"INFO: task nfsd:5136 blocked for more than 122 seconds.",
                                "Call Trace:", " <TASK>", " __schedule+0x466/0x13f0"});
    CHECK(hung.title == "INFO: task hung");
    CHECK(hung.function.empty());
    const LogEvent warning =
        only({"WARNING: CPU: 0 PID: 77 at drivers/widget.c:18 widget_read+0x10/0x40",
              "CPU: 0 PID: 77 Comm: cat Not tainted 5.9.0 #1", "Call Trace:", " report_bug+0x1bd/0x210",
              " handle_bug+0x38/0x90", "The patch affects arm64, but this is an x86",
              "box. So this is clearly bogus."});
    CHECK(warning.title.find("box") == std::string::npos);
}

TEST_CASE("filesystems that stopped") {
    for (const char* line :
         {"F2FS-fs (sda1): Stopped filesystem due to reason: 0",
          "FAT-fs (sda1): Filesystem has been set read-only",
          "UBIFS error (ubi0:0 pid 1): ubifs_ro_mode: switched to read-only mode, error -22",
          "OCFS2: File system is now read-only."})
        CHECK(only({line}).event_class == EventClass::FilesystemShutdown);
}

TEST_CASE("a container's number is no part of a task's name") {
    CHECK(only({"BUG: unable to handle kernel NULL pointer dereference at 00000000000000a0",
                "Oops: 0000 [#1] SMP", "Pid: 18, comm: n2disk veid: 0 Not tainted 2.6.32-042stab088.4 #1",
                "RIP: 0010:[<ffffffff81>] [<ffffffff81>] widget_read+0x1/0x2"})
              .comm == "n2disk");
}

TEST_CASE("an OOM killer that was called by hand is no lack of memory") {
    const LogEvent newer =
        only({"kworker/0:0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, oom_score_adj=0",
              "CPU: 0 PID: 17681 Comm: kworker/0:0 Not tainted 5.4.0 #136"});
    const LogEvent older = only({"kworker/0:0 invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0",
                                 "CPU: 0 PID: 17681 Comm: kworker/0:0 Not tainted 3.10.0 #1",
                                 "Call Trace:", " [<ffffffff81012345>] out_of_memory+0x1cf/0x4d0",
                                 " [<ffffffff81012346>] moom_callback+0x7d/0xb0"});
    CHECK(newer.title == "OOM killer called by hand");
    CHECK(older.id == newer.id);
    CHECK(newer.event_class == EventClass::OutOfMemory);
}

TEST_CASE("a slab that got no page belongs to the failed allocation, or stands alone") {
    const std::vector<std::string> slab = {
        "SLUB: Unable to allocate memory on node -1 (gfp=0x20)",
        "  cache: kmalloc-1024(1793:widget), object size: 1024, buffer size: 1024, default order: 3",
        "  node 0: slabs: 663, objs: 20964, free: 0"};
    const LogEvent alone = only(slab);
    CHECK(alone.event_class == EventClass::AllocationFailure);
    CHECK(alone.title == "SLUB: unable to allocate memory");
    std::vector<std::string> both = {"cat: page allocation failure: order:0, mode:0x800(GFP_NOWAIT)",
                                     "CPU: 3 PID: 712 Comm: cat Not tainted 5.8.0 #1",
                                     "Call Trace:", " warn_alloc+0x74/0xd8",
                                     " widget_alloc_queue+0x6b/0x5c0"};
    for (int i = 0; i < 80; ++i) both.emplace_back("Node 0 hugepages_total=0 hugepages_free=0");
    both.insert(both.end(), slab.begin(), slab.end());
    CHECK(only(both).title == "page allocation failure in widget_alloc_queue");
}

TEST_CASE("virtual memory that could not be had") {
    const LogEvent event = only(
        {"cat: vmalloc error: size 4194304, page order 0, failed to allocate pages, mode:0xcc2(GFP_KERNEL)",
         "CPU: 0 PID: 8832 Comm: cat Not tainted 6.3.1 #1", "Call Trace:", " <TASK>",
         " dump_stack_lvl+0x1/0x2", " warn_alloc+0x1/0x2", " __vmalloc_node_range+0x1/0x2",
         " widget_resize+0x1/0x2"});
    CHECK(event.title == "vmalloc failure in widget_resize");
    CHECK(event.event_class == EventClass::AllocationFailure);
}

TEST_CASE("a fatal error of PCIe is the hardware's, one that was corrected is no event") {
    CHECK(only({"nvme 0000:34:00.0: PCIe Bus Error: severity=Uncorrectable (Fatal), type=Data Link Layer, "
                "(Receiver ID)"})
              .event_class == EventClass::HardwareError);
    CHECK(analysed({"nvme 0000:34:00.0: PCIe Bus Error: severity=Correctable, type=Physical Layer"})
              .events.empty());
}

TEST_CASE("what stands behind a task's name is no part of it") {
    const auto named = [](const std::string& line) {
        return only({"BUG: kernel NULL pointer dereference, address: 0000000000000008", line,
                     "RIP: 0010:widget_read+0x1/0x2"})
            .comm;
    };
    CHECK(named("CPU: 1 PID: 77 Comm: inject-ra-err NIP: [0000000010000e48]") == "inject-ra-err");
    CHECK(named("CPU: 1 PID: 77 Comm: syz-executor.0 Not >tainted 5.4.0 #0") == "syz-executor.0");
    CHECK(named("CPU: 1 PID: 77 Comm: cat Kdump:") == "cat");
    CHECK(named("CPU: 1 PID: 77 Comm: a b c d e Not tainted 5.4.0 #0") == "a b c d e");
}

TEST_CASE("a page that was written to while it was free") {
    const LogEvent event = only(
        {"pagealloc: memory corruption", "f5fcfff0: 00 00 00 00",
         "CPU: 1 PID: 77 Comm: cat Not tainted 6.1.0 #1", "Call Trace:", " dump_stack_lvl+0x60/0x90",
         " __kernel_unpoison_pages+0x1d8/0x220", " post_alloc_hook+0x108/0x144",
         " get_page_from_freelist+0x9e0/0x1278", " __alloc_pages+0x250/0x1078", " widget_copy+0x128/0xdb8"});
    CHECK(event.event_class == EventClass::BadPage);
    CHECK(event.title == "pagealloc: memory corruption in widget_copy");
}

TEST_CASE("behind the prompt of a small system's shell") {
    for (const char* prompt : {"/ # ", "~ # ", "box ~ # ", "/ $ "})
        CHECK(only({std::string(prompt) + "BUG: kernel NULL pointer dereference, address: 0000000000000008",
                    "CPU: 1 PID: 77 Comm: cat Not tainted 6.1.0 #1", "RIP: 0010:widget_read+0x1/0x2"})
                  .event_class == EventClass::NullDereference);
}

}  // namespace other_reports_test
