// Lockups, stalls and hangs: the watchdogs' reports.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule lockup(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class,
            .head = head,
            .detail = {},
            .title = title,
            .alternative = "stall in {frame}",
            .steps = steps::fault,
            .choice = Choice::Stall};
}

EventRule hard_lockup(std::string_view head) {
    return lockup(EventClass::HardLockup, head, "hard lockup in {frame}");
}

void add_lockups(RuleBook& book) {
    // 2.6.1x to 3.x x86 and sparc: die_nmi()
    const EventRule nmi_watchdog = hard_lockup("NMI Watchdog detected LOCKUP on CPU");
    book.add(
        "BUG:", {},
        {nmi_watchdog, lockup(EventClass::SoftLockup, "BUG: soft lockup", "BUG: soft lockup in {frame}")});
    const TriggerOptions joins = {.unless = {"Kernel panic"}, .meeting = Meeting::Joins};
    book.add("hard LOCKUP", joins,
             {hard_lockup("{hard LOCKUP|Hard LOCKUP} on cpu"),
              hard_lockup("CPU {num_} detected {Hard LOCKUP|hard LOCKUP} on other CPUs")});
    book.add("Watchdog detected LOCKUP", {}, {nmi_watchdog});
    // powerpc: "watchdog: CPU 4 Hard LOCKUP", "watchdog: CPU 0 detected hard LOCKUP on other CPUs 4"
    const EventRule powerpc = hard_lockup("CPU {num_} {Hard LOCKUP|self-detected hard LOCKUP}");
    // 4.13 to 4.17: "Watchdog CPU:42 Hard LOCKUP", "Watchdog CPU:71 detected Hard LOCKUP other CPUS:42"
    const EventRule older = hard_lockup("Watchdog CPU:{num_} {Hard LOCKUP|self-detected hard LOCKUP}");
    book.add("Hard LOCKUP", joins,
             {powerpc, older, hard_lockup("Watchdog CPU:{num_} detected Hard LOCKUP other CPUS:")});
    book.add("self-detected hard LOCKUP", joins, {powerpc, older});
}

void add_workqueues(RuleBook& book) {
    book.add("BUG:", {},
             {{.event_class = EventClass::WorkqueueLockup,
               .head = "BUG: workqueue lockup",
               .detail = {},
               .title = "BUG: workqueue lockup",
               .has_no_trace = true},
              {.event_class = EventClass::Lockdep,
               .head = "BUG: workqueue leaked lock or atomic",
               .detail = {"last function: {name}"},
               .title = "BUG: workqueue leaked lock or atomic in {1}",
               .has_no_trace = true}});
}

// kernel/irq/spurious.c, 2.6.18 and later: the stack is of whoever was interrupted, the handlers follow it.
void add_interrupts(RuleBook& book) {
    const auto unhandled = [](std::string_view head, std::vector<std::string_view> detail,
                              std::string_view title) {
        return EventRule{.event_class = EventClass::UnhandledIrq,
                         .head = head,
                         .detail = std::move(detail),
                         .title = title,
                         .has_no_trace = true};
    };
    std::vector<EventRule> rules;
    for (const std::string_view head :
         {"irq {num_}: nobody cared (try", "irq {num_}: nobody cared!", "irq {num_}: nobody cared{end}"}) {
        rules.push_back(
            unhandled(head, {"handlers:", "[<{hex_}>] {name}"}, "irq: nobody cared, handler {1}"));
        rules.push_back(unhandled(head, {}, "irq: nobody cared"));
    }
    book.add(": nobody cared", {.meeting = Meeting::Passes}, std::move(rules));
}

void add_rcu_stalls(RuleBook& book) {
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
                               {"NMI backtrace for cpu", "@ip", "@trace", "@stack"},
                               {"TSTATE[", "@ip"}},
               // A CPU that answers no NMI is shown by what it saved when it last switched: that is not where
               // it is.
               .skip = {"apic_timer_interrupt", "rcu", "^__switch_to$", "^context_switch$"},
               .choice = Choice::Stall}});
}

void add_hangs(RuleBook& book) {
    book.add("INFO:", {},
             {{.event_class = EventClass::HungTask,
               .head = "INFO: task{*}blocked{*}for more than {num_} seconds",
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
}

}  // namespace

void add_stall_rules(RuleBook& book) {
    add_lockups(book);
    add_workqueues(book);
    add_interrupts(book);
    add_rcu_stalls(book);
    add_hangs(book);
}

}  // namespace postmortem
