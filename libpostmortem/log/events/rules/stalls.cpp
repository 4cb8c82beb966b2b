// Lockups, stalls and hangs: the watchdogs' reports.
#include "log/events/event_rule.h"

namespace postmortem {

void add_stall_rules(RuleBook& book) {
    const EventRule soft_lockup = {.event_class = EventClass::SoftLockup,
                                   .head = "BUG: soft lockup",
                                   .detail = {},
                                   .title = "BUG: soft lockup in {frame}",
                                   .alternative = "stall in {frame}",
                                   .steps = steps::fault,
                                   .choice = Choice::Stall};
    // 2.6.1x to 3.x x86 and sparc: die_nmi()
    EventRule nmi_watchdog = soft_lockup;
    nmi_watchdog.event_class = EventClass::HardLockup;
    nmi_watchdog.head = "NMI Watchdog detected LOCKUP on CPU";
    nmi_watchdog.title = "hard lockup in {frame}";
    book.add("BUG:", {},
             {nmi_watchdog,
              soft_lockup,
              {.event_class = EventClass::WorkqueueLockup,
               .head = "BUG: workqueue lockup",
               .detail = {},
               .title = "BUG: workqueue lockup",
               .has_no_trace = true},
              {.event_class = EventClass::Lockdep,
               .head = "BUG: workqueue leaked lock or atomic",
               .detail = {"last function: {name}"},
               .title = "BUG: workqueue leaked lock or atomic in {1}",
               .has_no_trace = true}});
    book.add("INFO:", {},
             {{.event_class = EventClass::RcuStall,
               // "rcu_sched_state" and its like up to 3.2, "RCU" in 2.6.3x
               .head = "INFO: {rcu_preempt_state|rcu_sched_state|rcu_bh_state|rcu_preempt|rcu_sched|rcu_bh|"
                       "rcu_tasks_trace|rcu_tasks_rude|rcu_tasks|RCU} {self-detected|detected}{*}stall",
               .detail = {},
               .title = "INFO: rcu detected stall in {frame}",
               .alternative = "stall in {frame}",
               .steps = {"apic_timer_interrupt", "@ip", "@stack"},
               .other_steps = {{"{apic_timer_interrupt|Exception stack|el1h_64_irq}", "@stack"},
                               {"NMI backtrace for cpu", "@ip", "@trace", "@stack"}},
               .skip = {"apic_timer_interrupt", "rcu"},
               .choice = Choice::Stall},
              {.event_class = EventClass::HungTask,
               .head = "INFO: task {*}blocked{*}for more than {num_} seconds",
               .detail = {},
               .title = "INFO: task hung in {frame}",
               .alternative = "hang in {frame}",
               .steps = steps::trace,
               .choice = Choice::Hang},
              {.event_class = EventClass::HungTask,
               .head = "INFO: task {*}can't die for more than {*}seconds",
               .detail = {},
               .title = "INFO: task can't die in {frame}",
               .alternative = "hang in {frame}",
               .steps = steps::trace,
               .skip = {"schedule"}}});
    const EventRule hard_lockup = {.event_class = EventClass::HardLockup,
                                   .head = "{hard LOCKUP|Hard LOCKUP} on cpu",
                                   .detail = {},
                                   .title = "hard lockup in {frame}",
                                   .alternative = "stall in {frame}",
                                   .steps = steps::fault,
                                   .choice = Choice::Stall};
    EventRule other_cpus = hard_lockup;
    other_cpus.head = "CPU {num_} detected {Hard LOCKUP|hard LOCKUP} on other CPUs";
    book.add("hard LOCKUP", {.unless = {"Kernel panic"}, .meeting = Meeting::Joins},
             {hard_lockup, other_cpus});
    book.add("Watchdog detected LOCKUP", {}, {nmi_watchdog});
    // powerpc: "watchdog: CPU 4 Hard LOCKUP", "watchdog: CPU 0 detected hard LOCKUP on other CPUs 4"
    EventRule powerpc = hard_lockup;
    powerpc.head = "CPU {num_} {Hard LOCKUP|self-detected hard LOCKUP}";
    book.add("Hard LOCKUP", {.unless = {"Kernel panic"}, .meeting = Meeting::Joins}, {powerpc});
    book.add("self-detected hard LOCKUP", {.unless = {"Kernel panic"}, .meeting = Meeting::Joins}, {powerpc});
}

}  // namespace postmortem
