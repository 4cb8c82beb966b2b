// Reports about who makes no progress: lockups, RCU stalls, interrupts that nobody takes.
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <postmortem/log_analysis.h>

#include "support/one_event.h"

namespace stalls_test {

using namespace postmortem;
using test::only;

TEST_CASE("behind the NMI lies the code that is stuck") {
    const LogEvent event = only({"NMI watchdog: Watchdog detected hard LOCKUP on cpu 2",
                                 "CPU: 2 PID: 77 Comm: cat Not tainted 3.10.0 #1",
                                 "Call Trace:", " <NMI>  [<ffffffff81012345>] dump_stack+0x1/0x2",
                                 " [<ffffffff81012345>] watchdog_overflow_callback+0x1/0x2",
                                 " [<ffffffff81012345>] do_nmi+0x1/0x2",
                                 " <<EOE>>  <IRQ>  [<ffffffff81012345>] widget_irq+0x1/0x2",
                                 " [<ffffffff81012345>] handle_irq_event+0x1/0x2",
                                 " <EOI>  [<ffffffff81012345>] default_idle+0x1/0x2"});
    CHECK(event.function == "widget_irq");
    CHECK(event.stall->cpus == std::vector<unsigned>{2});
    const LogEvent old =
        only({"BUG: soft lockup detected on CPU#0!", " [<c0145aed>] softlockup_tick+0x98/0xa6",
              " [<c012a2c5>] update_process_times+0x39/0x5c", " [<c011a9d1>] apic_timer_interrupt+0x1f/0x24",
              " [<c0212345>] widget_spin+0x1/0x2", " [<c0212345>] widget_poll+0x1/0x2"});
    CHECK(old.function == "widget_spin");
}

TEST_CASE("a watchdog's panic is named after what it interrupted, though no frame is sure") {
    const auto panic = [](const std::string& interrupted) {
        return only({"Kernel panic - not syncing: Watchdog detected hard LOCKUP on cpu 2",
                     "Pid: 4432, comm: cat Not tainted 2.6.32-358.el6.x86_64 #1",
                     "Call Trace:", " <NMI>  [<ffffffff8150cfc8>] ? panic+0xa7/0x16f",
                     " [<ffffffff810e0d80>] ? watchdog_overflow_callback+0xcd/0xd0",
                     " [<ffffffff81511df0>] ? nmi+0x20/0x30",
                     " <<EOE>>  [<ffffffff81171234>] ? " + interrupted + "+0x95/0xc0",
                     " [<ffffffff81182222>] ? sys_read+0x51/0x90"});
    };
    CHECK(panic("widget_spin").function == "widget_spin");
    CHECK(panic("widget_spin").id != panic("gadget_spin").id);
}

TEST_CASE("the watchdog's line of source is not where the CPU is stuck") {
    const LogEvent event = only({"WARNING: at kernel/watchdog.c:241 watchdog_overflow_callback+0x98/0xc0()",
                                 "Hardware name: ProLiant DL380 G6", "Watchdog detected hard LOCKUP on cpu 3",
                                 "Pid: 1234, comm: kswapd0 Not tainted 3.4.9 #1",
                                 "Call Trace:", " <NMI>  [<ffffffff81057a56>] warn_slowpath_common+0x83/0x9b",
                                 " [<ffffffff810b7fd0>] watchdog_overflow_callback+0x98/0xc0",
                                 " <<EOE>>  [<ffffffff8114a0d1>] widget_scan+0x401/0x860",
                                 " [<ffffffff8114a8f1>] widget_shrink+0x1a1/0x440"});
    CHECK(event.function == "widget_scan");
    CHECK(event.source.empty());
}

TEST_CASE("sparc64 shows a stalled CPU in two lines") {
    const LogEvent event = only(
        {"rcu: INFO: rcu_sched self-detected stall on CPU",
         "rcu:    24-....: (2099 ticks this GP) idle=c3a/1/0x4000000000000002 softirq=1/1 fqs=1033",
         "        (t=2100 jiffies g=37879413 q=5992)",
         "* CPU[ 24]: TSTATE[0000000080001601] TPC[000000000040770c] TNPC[0000000000407710] TASK[cat:77]",
         "             TPC[widget_spin+0x8/0x20] O7[widget_poll+0x10/0x20] I7[0xf76e6e3c] "
         "RPC[do_signal+0x1a0/0x560]"});
    CHECK(event.title == "INFO: rcu detected stall in widget_spin");
    CHECK(event.function == "widget_spin");
    CHECK(event.module.empty());
    CHECK(event.caller->function == "widget_poll");
    CHECK(event.comm == "cat");
    CHECK(event.pid == 77);
    CHECK(event.cpu == 24);
}

TEST_CASE("a stalled task has a name, though its stack is nothing but addresses") {
    const LogEvent event = only(
        {"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
         "rcu:     2-....: (3 ticks this GP) idle=fe6/1/0x4000000000000000 softirq=693/698 fqs=4",
         " (detected by 0, t=6115 jiffies, g=465, q=80)", "Task dump for CPU 2:",
         "task:cat             state:R  running task     stack:    0 pid:  162 ppid:   146 flags:0x00000002",
         "Call Trace:", " [<0000000000000fd6>] 0xfd6"});
    CHECK(event.comm == "cat");
    CHECK(event.pid == 162);
    CHECK(event.cpu == 2);
    CHECK(event.function.empty());
    // Who keeps the kthread from running is another one than who is stalled.
    const LogEvent other = only(
        {"rcu: INFO: rcu_sched self-detected stall on CPU",
         "rcu:    0-...!: (5249 ticks this GP) idle=3c3/1/0x4000000000000002 softirq=1/1 fqs=54",
         "        (t=5250 jiffies g=33838821 q=175418)",
         "rcu: rcu_sched kthread starved for 5146 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x0 ->cpu=1",
         "rcu: Stack dump where RCU GP kthread last ran:", "Task dump for CPU 1:",
         "task:dog             state:R  running task     stack:    0 pid:14735 ppid: 14734 flags:0x00000014",
         "Call Trace:", " widget_read+0x7c/0x108", " vfs_read+0x1c8/0x290"});
    CHECK(other.function == "widget_read");
    CHECK(other.comm.empty());
}

TEST_CASE("powerpc's watchdog of 4.13 to 4.17") {
    const LogEvent event =
        only({"Watchdog CPU:71 detected Hard LOCKUP other CPUS:42", "Watchdog CPU:42 Hard LOCKUP",
              "CPU: 42 PID: 3391 Comm: a.out Not tainted 4.15.0-15-generic #16-Ubuntu",
              "NIP [c0000000001d5364] widget_spin+0x134/0x180",
              "Call Trace:", "[c000200dc242f3d0] [c0000000001d57b0] widget_poll+0x180/0x250"});
    CHECK(event.event_class == EventClass::HardLockup);
    CHECK(event.function == "widget_spin");
    CHECK(event.stall->cpus == std::vector<unsigned>{42});
}

TEST_CASE("a hard lockup inside an RCU stall's report is told, and what panicked") {
    const LogAnalysis analysis = test::analysed(
        {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
         "rcu: \t11-...0: (11 ticks this GP) idle=f softirq=43/43",
         "rcu: \t(detected by 6, t=21053 jiffies, g=-763, q=216)",
         "Sending NMI from CPU 6 to CPUs 11:", "watchdog: Watchdog detected hard LOCKUP on cpu 11",
         "Modules linked in: widget", "Kernel panic - not syncing: Hard LOCKUP"});
    REQUIRE(analysis.events.size() == 3);
    CHECK(analysis.events[1].event_class == EventClass::HardLockup);
    CHECK(analysis.cause == 1);
    CHECK(analysis.events[2].follows == 1);
}

TEST_CASE("where a running task last left its CPU is not where it stalls") {
    const LogEvent event =
        only({"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
              "\t1-...: (1 GPs behind) idle=d09/1/0 softirq=1302/3861 fqs=20997",
              "\t(detected by 3, t=21010 jiffies, g=-93, q=1)",
              "Task dump for CPU 1:", "app1       R  running task        0   771      2 0x00000002",
              "Call trace:", "[<ffffffc000086ed4>] __switch_to+0xd4/0xf8"});
    CHECK(event.event_class == EventClass::RcuStall);
    CHECK(event.function.empty());
    CHECK(event.title == "INFO: rcu detected stall");
}

TEST_CASE("arm and powerpc: the interrupt's own frames are not where the CPU stalls") {
    const std::vector<std::string> arm = {
        "INFO: rcu_sched self-detected stall on CPU",
        "\t1-...: (1 GPs behind) idle=7db/2/0 softirq=4884/4886 fqs=6999",
        "\t (t=21000 jiffies g=962 c=961 q=108)",
        "Task dump for CPU 1:",
        "swapper/1       R running      0     0      1 0x00000002",
        "Backtrace: ",
        "[<80012b20>] (show_stack) from [<8003f97c>] (sched_show_task+0xb8/0x110)",
        "[<8006f010>] (rcu_dump_cpu_stacks) from [<800720a0>] (rcu_check_callbacks+0x47c/0x7e4)",
        "[<80077994>] (hrtimer_interrupt) from [<80017a40>] (arch_timer_handler_phys+0x38/0x40)",
        "[<80017a08>] (arch_timer_handler_phys) from [<80067a40>] (handle_percpu_devid_irq+0x80/0x140)",
        "[<80009500>] (bcm2836_arm_irqchip_handle_irq) from [<80013a40>] (__irq_svc+0x54/0x90)",
        "Exception stack(0xb6081f40 to 0xb6081f88)",
        "1f40: 00000000 00000001",
        "[<7f123a40>] (widget_poll [widget]) from [<7f123b40>] (widget_work+0x60/0xb8 [widget])",
        "[<7f123ae0>] (widget_work [widget]) from [<80037a40>] (process_one_work+0x140/0x3c4)"};
    CHECK(only(arm).function.starts_with("widget_"));
    CHECK(only(arm).module == "widget");
    const LogEvent powerpc =
        only({"INFO: rcu_sched self-detected stall on CPU", "\t (t=2100 jiffies g=-218 c=-219 q=72)",
              "Task dump for CPU 101:", "kopald          R  running task        0   854      2 0x00000804",
              "Call Trace:", "[c000002fc621f250] [c00000000009eda8] rcu_dump_cpu_stacks+0xa0/0xd0",
              "[c000002fc621f5a0] [c0000000000162c0] __timer_interrupt+0x7c/0xe0",
              "[c000002fc621f610] [c00000000000995c] restore_check_irq_replay+0x54/0x70",
              "--- interrupt: 901 at arch_local_irq_restore+0x74/0x8c",
              "    LR = arch_local_irq_restore+0x74/0x8c",
              "[c000002fc621f920] [c000000000020000] widget_poll+0x30/0x60",
              "[c000002fc621f960] [c000000000030000] kopald+0x74/0xa0"});
    CHECK(powerpc.function == "widget_poll");
}

TEST_CASE("a lockup's headline behind a message that has not ended its line") {
    const LogEvent event =
        only({"augmented rbtree testingNMI watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [swapper:1]",
              "RIP: 0010:widget_spin+0x1/0x2", "Call Trace:", " widget_poll+0x1/0x2"});
    CHECK(event.event_class == EventClass::SoftLockup);
    CHECK(event.function == "widget_spin");
}

TEST_CASE("an RCU stall is about who stalls, not about who watches") {
    const LogEvent event = only(
        {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
         "rcu: \t3-...!: (1 GPs behind) idle=1 softirq=2/2 fqs=0",
         "rcu: \t(detected by 1, t=21003 jiffies, g=5, q=6)", "Sending NMI from CPU 1 to CPUs 3,5:",
         "NMI backtrace for cpu 3", "CPU: 3 PID: 77 Comm: cat Not tainted 6.1.0 #1",
         "RIP: 0010:widget_spin+0x1/0x2", "Call Trace:", " widget_poll+0x1/0x2",
         "rcu: rcu_preempt kthread starved for 21000 jiffies! g5 f0x0 ->cpu=3",
         "rcu: RCU grace-period kthread stack dump:", "task:rcu_preempt state:R  running task stack:0 pid:15",
         "Call Trace:", " __schedule+0x1/0x2", " rcu_gp_fqs_loop+0x1/0x2", " rcu_gp_kthread+0x1/0x2"});
    CHECK(event.event_class == EventClass::RcuStall);
    CHECK(event.function == "widget_spin");
    CHECK(event.comm == "cat");
    REQUIRE(event.stall);
    CHECK(event.stall->cpus == std::vector<unsigned>{3});
    CHECK(event.stall->jiffies == 21003);
    CHECK(event.stall->kthread == "rcu_preempt");
    CHECK(event.stall->starved_jiffies == 21000);
    CHECK(event.stall->kthread_cpu == 3);
    CHECK(event.stall->silent_cpus == std::vector<unsigned>{5});
    for (const std::string headline :
         {"INFO: rcu_sched_state detected stall on CPU 7 (t=105060 jiffies)",
          "INFO: RCU detected CPU 7 stall (t=105060 jiffies)",
          "INFO: rcu_bh_state detected stalls on CPUs/tasks: { 7} (detected by 2, t=105060 jiffies)",
          "INFO: rcu_sched self-detected stall on CPU { 7}  (t=105060 jiffies)"}) {
        CAPTURE(headline);
        const LogEvent stall = only({headline, "Pid: 1, comm: x"});
        CHECK(stall.event_class == EventClass::RcuStall);
        CHECK(stall.stall->cpus == std::vector<unsigned>{7});
        CHECK(stall.stall->jiffies == 105060);
    }
    CHECK(only({"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-3): P5182 P9",
                "rcu: \t(detected by 1, t=9 jiffies)"})
              .stall->tasks == std::vector<std::uint32_t>{5182, 9});
    // Nobody but the watcher's own kthread is shown: no place is known.
    const LogEvent unseen = only(
        {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "rcu: \t3-...!: (1 GPs behind) idle=1",
         "rcu: \t(detected by 1, t=21003 jiffies, g=5, q=6)",
         "rcu: rcu_preempt kthread starved for 21000 jiffies! g5 f0x0 ->cpu=3",
         "rcu: RCU grace-period kthread stack dump:", "task:rcu_preempt state:R  running task stack:0 pid:15",
         "Call Trace:", " __schedule+0x1/0x2", " rcu_gp_fqs_loop+0x1/0x2", " rcu_gp_kthread+0x1/0x2"});
    CHECK(unseen.function.empty());
    CHECK(unseen.title == "INFO: rcu detected stall");
}

TEST_CASE("a CPU that is not the stalled one, or that idles, is not where an RCU stall is") {
    // CPU 5 is asked, CPU 21 stalls.
    const LogEvent asked =
        only({"rcu: INFO: rcu_sched self-detected stall on CPU",
              "rcu: \t21-....: (21000 ticks this GP) idle=1", "rcu: \t(t=21003 jiffies g=2425 q=1 ncpus=32)",
              "Sending NMI from CPU 21 to CPUs 5:", "NMI backtrace for cpu 5",
              "CPU: 5 PID: 378 Comm: kworker/u64:6 Not tainted 6.5.0 #21",
              "RIP: 0010:btrfs_data_csum_ok+0x37/0x270", "Call Trace:", " btrfs_check_read_bio+0x1/0x2"});
    CHECK(asked.function.empty());
    CHECK(asked.title == "INFO: rcu detected stall");
    CHECK(!asked.pid);
    const auto where_kthread_ran = [](const std::string& function) {
        return only(
            {"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
             "rcu: \t1-...0: (0 ticks this GP) idle=1", "rcu: \t(detected by 4, t=5252 jiffies, g=1, q=1)",
             "rcu: rcu_preempt kthread starved for 5002 jiffies! g1 f0x0 RCU_GP_WAIT_FQS(5) ->cpu=4",
             "rcu: Stack dump where RCU GP kthread last ran:",
             "CPU: 4 UID: 0 PID: 0 Comm: swapper/4 Not tainted 6.14.0 #1", "pc : " + function + "+0x10/0x20",
             "Call trace:", " " + function + "+0x10/0x20 (P)", " secondary_start_kernel+0x1/0x2"});
    };
    CHECK(where_kthread_ran("cpuidle_enter_state").function.empty());
    CHECK(where_kthread_ran("busy_driver_poll").function == "busy_driver_poll");
}

TEST_CASE("an interrupt that nobody takes is about its handlers, not about whom it interrupted") {
    const auto report = [](std::string_view handlers) {
        return fmt::format(
            "[   14.250000] irq 16: nobody cared (try booting with the \"irqpoll\" option)\n"
            "[   14.250010] CPU: 0 PID: 0 Comm: swapper/0 Not tainted 4.18.0-305.el8.x86_64 #1\n"
            "[   14.250020] Call Trace:\n[   14.250021]  <IRQ>\n[   14.250023]  __report_bad_irq+0x32/0xac\n"
            "[   14.250026]  </IRQ>\n[   14.250027]  cpuidle_enter_state+0xd9/0x450\n"
            "[   14.250028] handlers:\n{}[   14.250030] Disabling IRQ #16\n",
            handlers);
    };
    const auto unhandled = [](const std::string& log) {
        const LogAnalysis analysis = analyse_log_text(log);
        REQUIRE(analysis.events.size() == 1);
        CHECK(to_string(analysis.events[0].event_class) == "unhandled-irq");
        CHECK(analysis.events[0].function == "");
        CHECK(analysis.events[0].outcome == Outcome::WentOn);
        return analysis.events[0];
    };
    const LogEvent usb = unhandled(report("[   14.250029] [<00000000a1b2c3d4>] usb_hcd_irq [usbcore]\n"));
    const LogEvent other = unhandled(report("[   14.250029] [<00000000a1b2c3d4>] i801_isr [i2c_i801]\n"));
    const LogEvent none = unhandled(report(""));
    CHECK(usb.title == "irq: nobody cared, handler usb_hcd_irq");
    CHECK(none.title == "irq: nobody cared");
    CHECK(usb.id != other.id);
    CHECK(usb.id != none.id);
}

TEST_CASE("powerpc: an interrupt that came while it was masked is not where the CPU stalls") {
    const LogEvent event =
        only({"rcu: INFO: rcu_sched self-detected stall on CPU",
              "rcu: \t32-....: (5249 ticks this GP) idle=78a/1/0x4000000000000002 softirq=16/16 fqs=1",
              "\t(t=5251 jiffies g=2720809 q=1)", "NMI backtrace for cpu 32",
              "CPU: 32 PID: 10624 Comm: kworker/u130:25 Not tainted 5.12.14 #1",
              "Call Trace:", "[c000200010823290] [c00000000075aebc] nmi_cpu_backtrace+0xfc/0x150",
              "[c000200010823470] [c000000000201828] rcu_sched_clock_irq+0x908/0xb10",
              "[c000200010823690] [c000000000216378] hrtimer_interrupt+0x128/0x2f0",
              "[c000200010823740] [c000000000029494] timer_interrupt+0x134/0x310",
              "[c0002000108237a0] [c000000000016c54] replay_soft_interrupts+0x124/0x2e0",
              "[c000200010823990] [c000000000016f14] arch_local_irq_restore+0x104/0x170",
              "[c000200010823a20] [c00800000819fe04] widget_queue_timer+0x5c/0x80 [widget]",
              "[c000200010823c30] [c0080000081a2b18] widget_work+0x40/0x70 [widget]",
              "[c000200010823c60] [c000000000170bf0] process_one_work+0x290/0x580"});
    CHECK(event.function == "widget_queue_timer");
    CHECK(event.title == "INFO: rcu detected stall in widget_queue_timer");
}

TEST_CASE("a CPU's own report behind the dump of another one's task") {
    const LogEvent event = only(
        {"rcu: INFO: rcu_sched self-detected stall on CPU",
         "rcu: \t8-....: (6000 ticks this GP) idle=918c/1/0x4000000000000000 softirq=15/15 fqs=1965",
         "rcu: \t(t=6000 jiffies g=47925 q=27525 ncpus=16)", "Task dump for CPU 4:",
         "task:mapper1         state:R  running task     stack:0     pid:12815 ppid:12787  flags:0x00000005",
         "Call Trace:", " [<00000000d79b3574>] gadget_flush+0x14c/0x1c8",
         "CPU: 8 PID: 12816 Comm: mapper2 Not tainted 6.4.0 #6",
         "Krnl PSW : 0704e00180000000 00000000d777d12c (widget_spin+0x34/0x170)", "Call Trace:",
         " [<00000000d777d12c>] widget_spin+0x34/0x170", " [<00000000d777d400>] widget_poll+0x34/0x170"});
    CHECK(event.function == "widget_spin");
    CHECK(event.pid == 12816);
}

TEST_CASE("a grace-period kthread whose timer is late; CPUs that idle meanwhile do not stall") {
    const LogEvent late =
        only({"rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
              "rcu: \t4-...!: (1 GPs behind) idle=04d8/0/0x0 softirq=23/24 fqs=0 (false positive?)",
              "rcu: \t(detected by 0, t=69116 jiffies, g=-1019, q=494 ncpus=32)",
              "rcu: rcu_sched kthread timer wakeup didn't happen for 69113 jiffies! g-1019 f0x0 "
              "RCU_GP_WAIT_FQS(5) ->state=0x402",
              "rcu: \tPossible timer handling issue on cpu=3 timer-softirq=12",
              "rcu: rcu_sched kthread starved for 69116 jiffies! g-1019 f0x0 RCU_GP_WAIT_FQS(5) "
              "->state=0x402 ->cpu=3"});
    REQUIRE(late.stall);
    CHECK(late.stall->cpus.empty());
    CHECK(late.stall->starved_jiffies == 69116);
    CHECK(late.stall->kthread_cpu == 3);
    CHECK(late.outcome == Outcome::Unknown);
    const LogEvent starved = only(
        {"rcu: INFO: rcu_sched self-detected stall on CPU",
         "rcu: rcu_sched kthread starved for 5002 jiffies! g1 f0x2 RCU_GP_CLEANUP(7) ->state=0x0 ->cpu=5"});
    CHECK(starved.outcome == Outcome::CpuStuck);
}

TEST_CASE("a task that holds RCU up is no CPU that does, and how it left its CPU is not where it is") {
    const LogEvent event =
        only({"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
              "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-3): P3560/6:b..l",
              "rcu: \t(detected by 1, t=26002 jiffies, g=18041, q=1569 ncpus=4)",
              "task:irq/22-eth0     state:D stack:12048 pid:3560  tgid:3560  ppid:2      flags:0x00080000",
              "Call Trace:", " <TASK>", " __schedule+0x5d4/0x1110", " schedule_rtlock+0x1e/0x40",
              " rtlock_slowlock_locked+0x61e/0x1bf0", " rt_spin_lock+0x9b/0x1d0", " widget_xmit+0x83/0x3b0",
              " dev_hard_start_xmit+0x67/0x210"});
    CHECK(event.title == "INFO: rcu detected stall in widget_xmit");
    CHECK(event.outcome == Outcome::TaskSleeps);
    const LogEvent preempted = only({"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
                                     "rcu: \tTasks blocked on level-0 rcu_node (CPUs 0-1): P8340",
                                     "cat             R  running task    27832  8340   8338 0x00000000",
                                     "Call Trace:", " __schedule+0x817/0x1cc0",
                                     " preempt_schedule_common+0x4f/0xe0", " ___preempt_schedule+0x16/0x18",
                                     " __widget_setscheduler+0x12fb/0x1e70", " do_syscall_64+0x103/0x610"});
    CHECK(preempted.title == "INFO: rcu detected stall in __widget_setscheduler");
}

TEST_CASE("a kernel thread that hangs in what sounds of waiting is named after what it runs") {
    const auto title = [](const std::vector<std::string>& frames) {
        std::vector<std::string> lines = {"INFO: task rcub/0:19 blocked for more than 30 seconds.",
                                          "Call Trace:", " __schedule+0x5d4/0x1110"};
        lines.insert(lines.end(), frames.begin(), frames.end());
        for (const char* const frame : {" kthread+0x108/0x230", " ret_from_fork+0x248/0x290"})
            lines.emplace_back(frame);
        return only(lines).title;
    };
    CHECK(title({" rt_mutex_schedule+0x2e/0x50", " rt_mutex_slowlock.constprop.0+0x48/0xb0",
                 " widget_boost_kthread+0x14b/0x530"}) == "INFO: task hung in widget_boost_kthread");
    CHECK(title({" schedule+0x1/0x2", " schedule_preempt_disabled+0x1/0x2"}) == "INFO: task hung in kthread");
}

TEST_CASE("the tracer's way back into a function is nobody's fault") {
    const LogEvent event = only({"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [cat:77]",
                                 "CPU: 0 PID: 77 Comm: cat Not tainted 6.1.0 #1",
                                 "RIP: 0010:widget_spin+0x1/0x2", "Call Trace:", " widget_poll+0x1/0x2",
                                 " return_to_handler+0x0/0x40", " do_syscall_64+0x1/0x2"});
    CHECK(event.title == "BUG: soft lockup in widget_poll");
}

}  // namespace stalls_test
