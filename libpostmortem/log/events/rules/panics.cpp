// panic() in its kinds: those that are a reason of their own, and those that only follow from an earlier
// event.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule panic(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class, .head = head, .detail = {}, .title = title};
}

EventRule escalation(std::string_view head, std::string_view title, bool is_torn = false) {
    return {.event_class = EventClass::Escalation,
            .head = head,
            .detail = {},
            .title = title,
            .is_torn = is_torn};
}

std::vector<EventRule> stack_panics() {
    return {
        {.event_class = EventClass::StackCorruption,
         .head = "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: {func}",
         .detail = {},
         .title = "kernel panic: stack is corrupted in {1}",
         .has_no_trace = true},
        // kptr_restrict or a lost symbol leaves a bare address
        {.event_class = EventClass::StackCorruption,
         .head = "Kernel panic - not syncing: stack-protector: Kernel stack is corrupted in: {hex_}",
         .detail = {},
         .title = "kernel panic: stack is corrupted in {frame}",
         .steps = steps::trace,
         .skip = {"stack_chk"}},
        // cut behind a column
        {.event_class = EventClass::StackCorruption,
         .head = "Kernel panic - not syncing: stack-protector:",
         .detail = {},
         .title = "kernel panic: stack is corrupted in {frame}",
         .steps = steps::trace,
         .skip = {"stack_chk"}},
        {.event_class = EventClass::StackCorruption,
         .head = "Kernel panic - not syncing: corrupted stack end detected inside scheduler",
         .detail = {},
         .title = "kernel panic: corrupted stack end in {frame}",
         .alternative = "stack-overflow in {frame}",
         .steps = steps::trace,
         .skip = {"schedule", "retint_kernel"},
         .choice = Choice::Stall},
        {.event_class = EventClass::StackOverflow,
         .head = "Kernel panic - not syncing: {kernel|Kernel} stack overflow",
         .detail = {},
         .title = "kernel stack overflow in {frame}",
         .alternative = "stack-overflow in {frame}",
         .steps = steps::trace,
         .skip = {"bad_stack"},
         .choice = Choice::Stall},
    };
}

// Without the report in front, "Fatal exception" and its like mean that the report is lost.
std::vector<EventRule> escalations() {
    return {
        escalation("Kernel panic - not syncing: Fatal exception", "kernel panic: Fatal exception", true),
        // arm64, arch/arm64/kernel/traps.c: "Oops: Fatal exception in interrupt"
        escalation("Kernel panic - not syncing: {*}: Fatal exception", "kernel panic: Fatal exception", true),
        escalation("Kernel panic - not syncing: {*}panic_on_warn set", "kernel panic: panic_on_warn set",
                   true),
        escalation("Kernel panic - not syncing: hung_task: blocked tasks",
                   "kernel panic: hung_task: blocked tasks", true),
        escalation("Kernel panic - not syncing: {softlockup: hung tasks}", "kernel panic: {1}"),
        escalation("Kernel panic - not syncing: {RCU Stall}", "kernel panic: {1}"),
        escalation("Kernel panic - not syncing: {Hard LOCKUP}", "kernel panic: {1}"),
        // kasan.fault=panic, kfence.fault=panic, kmsan.panic
        escalation("Kernel panic - not syncing: {kmsan.panic set|panic_on_kmsan set}", "kernel panic: {1}"),
        escalation(
            "Kernel panic - not syncing: {kasan|kfence|kmsan|ubsan|kcsan}{.fault=panic set|.panic set}",
            "kernel panic: {1}{2}"),
        // what an architecture says behind a report of its own
        escalation(
            "Kernel panic - not syncing: {Machine halted.|bad mode|Unhandled exception|Oops failed to kill "
            "thread|Corrupt kernel stack, can't continue.|panic_on_taint set}",
            "kernel panic: {1}"),
        escalation("Kernel panic - not syncing: {Attempted to kill the idle task!}", "kernel panic: {1}"),
        escalation("Kernel panic - not syncing: {Aiee, killing interrupt handler!}", "kernel panic: {1}"),
        // cut, or broken by a mailer
        escalation("Kernel panic - not syncing: {Aiee, killing interrupt}", "kernel panic: {1} handler!"),
        escalation("Kernel panic - not syncing: {*}{panic forced after error}",
                   "kernel panic: filesystem error"),
        escalation("Kernel panic - not syncing: {LBUG}", "kernel panic: {1}"),
        escalation("Kernel panic - not syncing: {workqueue}", "kernel panic: workqueue stall"),
        // parisc_terminate(), behind its own report
        escalation(
            "Kernel panic - not syncing: {Kernel Fault|Bad Address (null pointer deref?)|High Priority "
            "Machine Check (HPMC)|Unexpected interruption|Page fault: no context|Page fault: bad address|"
            "Page fault: fault handler}{end}",
            "kernel panic: {1}"),
        // 2.4
        escalation(
            "Kernel panic: {Fatal exception|Aiee, killing interrupt handler!|Attempted to kill the idle "
            "task!}",
            "Kernel panic: {1}"),
    };
}

std::vector<EventRule> reasons() {
    constexpr auto machine_check = EventClass::MachineCheck;
    return {
        panic(EventClass::InitKilled, "Kernel panic - not syncing: Attempted to kill init!",
              "kernel panic: Attempted to kill init!"),
        panic(EventClass::RootMountFailure, "Kernel panic - not syncing: VFS: Unable to mount root fs",
              "kernel panic: VFS: Unable to mount root fs"),
        panic(EventClass::RootMountFailure,
              "Kernel panic - not syncing: {No working init found|No init found}", "kernel panic: {1}"),
        panic(EventClass::SysrqCrash, "Kernel panic - not syncing: {sysrq triggered crash}",
              "kernel panic: {1}"),
        panic(EventClass::OutOfMemory, "Kernel panic - not syncing: {*}{panic_on_oom}",
              "kernel panic: Out of memory: panic_on_oom"),
        panic(EventClass::OutOfMemory,
              "Kernel panic - not syncing: {Out of memory and no killable processes|System is deadlocked on "
              "memory}",
              "kernel panic: {1}"),
        panic(EventClass::HardLockup, "Kernel panic - not syncing: Watchdog detected hard LOCKUP",
              "kernel panic: Watchdog detected hard LOCKUP"),
        panic(machine_check, "Kernel panic - not syncing: {Fatal machine check|Fatal local machine check}",
              "kernel panic: {1}"),
        panic(machine_check, "Kernel panic - not syncing: {Fatal Machine check}", "kernel panic: {1}"),
        panic(machine_check, "Kernel panic - not syncing: {Machine check}", "kernel panic: {1}"),
        panic(machine_check, "Kernel panic - not syncing: {Caught Machine Check exception}",
              "kernel panic: {1}"),
        panic(machine_check, "Kernel panic - not syncing: {Uncorrected}{*}machine check",
              "kernel panic: {1}"),
        panic(machine_check,
              "Kernel panic - not syncing: {Timeout}{*}{broadcast exception handler|machine check}",
              "kernel panic: machine check timeout"),
        panic(machine_check, "Kernel panic - not syncing: {Unable to continue|CPU context corrupt}",
              "kernel panic: {1}"),
        panic(machine_check,
              "Kernel panic - not syncing: {Unrecoverable Machine check|Unrecoverable machine check}",
              "kernel panic: {1}"),
        panic(EventClass::HardwareError, "Kernel panic - not syncing: {Asynchronous SError Interrupt}",
              "kernel panic: {1}"),
        panic(EventClass::HardwareError,
              "Kernel panic - not syncing: {Fatal hardware error|NMI: Not continuing|NMI IOCK error}",
              "kernel panic: {1}"),
        panic(EventClass::HardwareError, "Kernel panic - not syncing: UE {*} on {*} (",
              "kernel panic: uncorrected memory error"),
        panic(EventClass::Panic, "Kernel panic - not syncing: Couldn't open N_TTY ldisc for {*} --- error",
              "kernel panic: Couldn't open N_TTY ldisc"),
        panic(EventClass::Panic, "Kernel panic - not syncing: {rest}", "kernel panic: {1}"),
        // before 2.6, and cut behind a column; who only writes of "kernel panics" goes on otherwise
        panic(EventClass::Panic, "Kernel panic{: | - }{rest}", "Kernel panic{1}{2}"),
        panic(EventClass::Panic, "Kernel panic{ -|:|}{end}", "Kernel panic"),
    };
}

// Android's secure operating system speaks through the kernel's log.
void add_trusty(RuleBook& book) {
    book.add("trusty: panic", {.otherwise = EventClass::Panic},
             {
                 {.event_class = EventClass::Panic,
                  .head = "trusty: panic ({*}):{ DEBUG ASSERT| ASSERT} FAILED at ({*}): {rest}",
                  .detail = {},
                  .title = "trusty: ASSERT FAILED: {2}",
                  .has_no_trace = true},
                 {.event_class = EventClass::Panic,
                  .head = "trusty: panic{*}ASSERT FAILED{*}:{rest}",
                  .detail = {},
                  .title = "trusty: ASSERT FAILED:{1}",
                  .is_torn = true},
                 {.event_class = EventClass::Panic,
                  .head = "trusty: panic ({*}): {rest}",
                  .detail = {},
                  .title = "trusty: panic: {1}",
                  .has_no_trace = true},
             });
}

}  // namespace

void add_panic_rules(RuleBook& book) {
    const TriggerOptions options = {.unless = {"end Kernel panic"}, .meeting = Meeting::Passes};
    book.add("Kernel panic", options, stack_panics());
    book.add("Kernel panic", options, escalations());
    book.add("Kernel panic", options, reasons());
    add_trusty(book);
}

}  // namespace postmortem
