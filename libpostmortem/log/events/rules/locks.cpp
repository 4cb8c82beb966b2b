// lockdep, RCU usage, lock debugging, and sleeping or preempting where that is not allowed.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

// lockdep's reports name the function behind "at:". Up to 4.15 they open with "[ INFO: ... ]", then "WARNING:
// ...".
void add_deadlocks(RuleBook& book, std::string_view word) {
    const auto deadlock = [](std::string_view head, std::vector<std::string_view> detail) {
        return EventRule{.event_class = EventClass::Lockdep,
                         .head = head,
                         .detail = std::move(detail),
                         .title = "possible deadlock in {1}"};
    };
    const bool is_old = word == "INFO:";
    std::vector<EventRule> rules;
    if (is_old) {
        rules.push_back(deadlock("INFO: possible circular locking dependency detected",
                                 {"is trying to acquire lock", "at: {pc?}{func}"}));
    } else {
        // Work items have locks of their own: the bug is with whoever queued them.
        rules.push_back(
            {.event_class = EventClass::Lockdep,
             .head = "WARNING: possible circular locking dependency detected",
             .detail = {"is trying to acquire lock"},
             .title = "possible deadlock in {frame}",
             .steps = {"at: {pc?}{func}", "at: {pc?}{func}", "@stack"},
             .skip = {"process_one_work", "flush_workqueue", "drain_workqueue", "destroy_workqueue"}});
    }
    rules.push_back(deadlock(is_old ? "INFO: possible irq lock inversion dependency detected"
                                    : "WARNING: possible irq lock inversion dependency detected",
                             {"just changed the state of lock", "at: {pc?}{func}"}));
    if (is_old) {
        rules.push_back(deadlock("INFO: {word} -> {word} lock order detected",
                                 {"is trying to acquire", "at: {pc?}{func}"}));
    } else {
        rules.push_back({.event_class = EventClass::Lockdep,
                         .head = "WARNING: {*}-safe -> {*}-unsafe lock order detected",
                         .detail = {},
                         .title = "possible deadlock in {frame}",
                         .steps = {"which became {*}at:", "@stack"}});
    }
    rules.push_back(deadlock(
        is_old ? "INFO: possible recursive locking detected" : "WARNING: possible recursive locking detected",
        {"is trying to acquire lock", "at: {pc?}{func}"}));
    if (is_old) {
        rules.push_back({.event_class = EventClass::Lockdep,
                         .head = "INFO: inconsistent lock state",
                         .detail = {"takes", "at: {pc?}{func}"},
                         .title = "inconsistent lock state in {1}"});
    } else {
        rules.push_back({.event_class = EventClass::Lockdep,
                         .head = "WARNING: inconsistent lock state",
                         .detail = {"takes", "at: {pc?}{func}"},
                         .title = "inconsistent lock state in {frame}",
                         .steps = steps::trace});
    }
    book.add(word, {}, std::move(rules));
}

void add_rcu_usage(RuleBook& book, std::string_view word, std::string_view head, std::string_view title) {
    book.add(word, {},
             {{.event_class = EventClass::Lockdep,
               .head = head,
               .detail = {"{src}"},
               .title = title,
               .steps = steps::trace,
               .skip = {"rcu", "kmem", "slab"}}});
}

// The same checks said "BUG:" before 4.16 and "WARNING:" since.
void add_held_locks(RuleBook& book) {
    book.add("BUG:", {},
             {
                 {.event_class = EventClass::Lockdep,
                  .head = "BUG: {*}still has locks held!",
                  .detail = {"{pc} {func}"},
                  .title = "BUG: still has locks held in {1}"},
                 {.event_class = EventClass::Lockdep,
                  .head = "BUG: lock held when returning to user space",
                  .detail = {"leaving the kernel with locks still held", "at: {pc?}{func}"},
                  .title = "BUG: lock held when returning to user space in {1}",
                  .has_no_trace = true},
                 {.event_class = EventClass::Lockdep,
                  .head = "BUG: bad unlock balance detected!",
                  .detail = {},
                  .title = "BUG: bad unlock balance in {frame}",
                  .steps = {"{pc} {func}", "@trace", "@stack"}},
                 {.event_class = EventClass::Lockdep,
                  .head = "BUG: held lock freed!",
                  .detail = {"{pc} {func}"},
                  .title = "BUG: held lock freed in {1}"},
             });
    book.add("WARNING:", {},
             {
                 {.event_class = EventClass::Lockdep,
                  .head = "WARNING: {*}still has locks held!",
                  .detail = {"at: {func}"},
                  .title = "WARNING: still has locks held in {1}"},
                 {.event_class = EventClass::Lockdep,
                  .head = "WARNING: Nested lock was not taken",
                  .detail = {},
                  .title = "WARNING: nested lock was not taken in {frame}",
                  .steps = steps::warning,
                  .other_steps = {steps::trace}},
                 {.event_class = EventClass::Lockdep,
                  .head = "WARNING: lock held when returning to user space",
                  .detail = {"leaving the kernel with locks still held", "at: {pc?}{func}"},
                  .title = "WARNING: lock held when returning to user space in {1}",
                  .has_no_trace = true},
                 {.event_class = EventClass::Lockdep,
                  .head = "WARNING: bad unlock balance detected!",
                  .detail = {},
                  .title = "WARNING: bad unlock balance in {frame}",
                  .steps = {"{pc} {func}", "@trace", "@stack"}},
                 {.event_class = EventClass::Lockdep,
                  .head = "WARNING: held lock freed!",
                  .detail = {"at: {pc?}{func}"},
                  .title = "WARNING: held lock freed in {1}"},
             });
}

void add_atomic_context(RuleBook& book) {
    book.add(
        "BUG:", {},
        {
            {.event_class = EventClass::LockCorruption,
             .head = "BUG: {spinlock|rwlock} {lockup suspected|already unlocked|recursion|cpu recursion|bad "
                     "magic|wrong owner|wrong CPU|trylock failure on UP}",
             .detail = {},
             .title = "BUG: {1} {2} in {frame}",
             .steps = steps::trace,
             .skip = {"spin_", "_lock", "_unlock"}},
            {.event_class = EventClass::ScheduleInAtomic,
             .head = "BUG: scheduling while atomic",
             .detail = {},
             .title = "BUG: scheduling while atomic in {frame}",
             .steps = steps::trace,
             .skip = {"schedule"}},
            {.event_class = EventClass::SleepInAtomic,
             .head = "BUG: sleeping function called from invalid context at",
             .detail = {},
             .title = "BUG: sleeping function called from invalid context in {frame}",
             .steps = steps::trace},
            {.event_class = EventClass::Preemption,
             .head = "BUG: using {name}() in preemptible",
             .detail = {},
             .title = "BUG: using {1}() in preemptible code in {frame}",
             .steps = steps::trace,
             .skip = {"dump_stack", "preemption", "preempt", "debug_", "processor_id", "this_cpu"}},
            // kernel/locking/lockdep.c: look_up_lock_class(), lockdep_init_map()
            {.event_class = EventClass::Lockdep,
             .head = "BUG: looking up invalid subclass: {num_}",
             .detail = {},
             .title = "BUG: looking up invalid subclass in {frame}",
             .steps = steps::trace,
             .skip = {"lock"}},
            {.event_class = EventClass::Lockdep,
             .head = "BUG: key {hex_} {not in .data!|has not been registered!}",
             .detail = {},
             .title = "BUG: lockdep key {1} in {frame}",
             .steps = steps::fault,
             .other_steps = {steps::trace},
             .skip = {"lock"}},
            // arm; x86 reports the same as a warning in lockdep.c
            {.event_class = EventClass::Lockdep,
             .head = "BUG: Invalid wait context",
             .detail = {},
             .title = "WARNING: locking bug in {frame}",
             .steps = steps::trace,
             .skip = {"lock_sock", "release_sock"}},
        });
    book.add("INFO:", {},
             {{.event_class = EventClass::Lockdep,
               .head = "INFO: trying to register non-static key",
               .detail = {},
               .title = "INFO: trying to register non-static key in {frame}",
               .steps = steps::trace,
               .skip = {"stack", "lock", "IRQ"}}});
}

}  // namespace

void add_lock_rules(RuleBook& book) {
    add_deadlocks(book, "WARNING:");
    add_deadlocks(book, "INFO:");
    add_rcu_usage(book, "WARNING:", "WARNING: suspicious RCU usage",
                  "WARNING: suspicious RCU usage in {frame}");
    add_rcu_usage(book, "INFO:", "INFO: suspicious RCU usage", "INFO: suspicious RCU usage in {frame}");
    // 2.6.34 to 3.1
    add_rcu_usage(book, "INFO:", "INFO: suspicious rcu_dereference_check() usage",
                  "INFO: suspicious RCU usage in {frame}");
    add_held_locks(book);
    add_atomic_context(book);
}

}  // namespace postmortem
