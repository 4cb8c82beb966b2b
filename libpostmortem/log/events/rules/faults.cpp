// Faults and oopses: bad addresses, traps, BUG(), on every architecture.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule fault(EventClass event_class, std::string_view head, std::string_view title,
                std::string_view alternative = {}) {
    return {.event_class = event_class,
            .head = head,
            .detail = {},
            .title = title,
            .alternative = alternative,
            .steps = steps::fault};
}

// A trap whose report holds nothing better than the instruction pointer.
EventRule trap(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class, .head = head, .detail = {}, .title = title, .steps = steps::ip_only};
}

void add_bad_addresses(RuleBook& book) {
    constexpr std::string_view paging = "BUG: unable to handle kernel paging request in {frame}";
    constexpr std::string_view null = "BUG: unable to handle kernel NULL pointer dereference in {frame}";
    constexpr std::string_view access = "bad-access in {frame}";
    book.add("BUG:", {},
             {
                 fault(EventClass::PageFault,
                       "BUG: {unable to handle kernel paging request|unable to handle page fault for "
                       "address|Unable to "
                       "handle kernel data access|Unable to handle kernel instruction fetch}",
                       paging, access),
                 // powerpc, arch/powerpc/mm/fault.c since 5.3
                 fault(EventClass::AlignmentFault, "BUG: Unable to handle kernel unaligned access",
                       "BUG: unable to handle kernel unaligned access in {frame}"),
                 fault(EventClass::PageFault, "BUG: Unable to handle kernel unknown fault", paging, access),
                 fault(EventClass::NullDereference,
                       "BUG: {unable to handle kernel NULL pointer dereference|kernel NULL pointer "
                       "dereference|Kernel "
                       "NULL pointer dereference}",
                       null, access),
                 // i386 and x86-64 print this line in two parts; the second one got lost.
                 {.event_class = EventClass::PageFault,
                  .head = "BUG: {unable to handle kernel|Unable to handle kernel}",
                  .detail = {},
                  .title = "BUG: unable to handle kernel",
                  .is_torn = true},
             });
    book.add(
        "Unable to handle kernel", {},
        {
            fault(EventClass::NullDereference, "Unable to handle kernel {NULL pointer dereference}",
                  "BUG: unable to handle kernel {1} in {frame}", access),
            fault(EventClass::PageFault, "Unable to handle kernel {paging request|access to user memory}",
                  "BUG: unable to handle kernel {1} in {frame}", access),
            // s390 "pointer dereference in virtual kernel address space", arm64 "read from unreadable memory"
            fault(EventClass::PageFault, "Unable to handle kernel", paging, access),
        });
}

void add_x86_traps(RuleBook& book) {
    book.add(
        "general protection fault", {.unless = {"general protection fault {*} error:{num} in "}},
        {fault(EventClass::GeneralProtectionFault, "general protection fault{*}: {hex_} [",
               "general protection fault in {frame}", "bad-access in {frame}"),
         // with an error code, since 5.5 (arch/x86/kernel/traps.c)
         fault(EventClass::GeneralProtectionFault, "segment-related general protection fault{*}: {hex_} [",
               "general protection fault in {frame}", "bad-access in {frame}"),
         // of 5.5 and later, cut behind a column
         fault(EventClass::GeneralProtectionFault, "general protection fault, probably for ",
               "general protection fault in {frame}", "bad-access in {frame}")});
    book.add(
        "stack segment: ", {},
        {fault(EventClass::StackSegmentFault, "stack segment: {hex_} [", "stack segment fault in {frame}")});
    book.add("PANIC: double fault", {.meeting = Meeting::Passes},
             {trap(EventClass::DoubleFault, "PANIC: double fault", "PANIC: double fault in {frame}")});
    // Behind that line, and up to 2.6.3x (die_nmi, x86-64) instead of it.
    book.add("double fault: ", {.meeting = Meeting::Joins},
             {fault(EventClass::DoubleFault, "double fault: {hex_} [", "double fault in {frame}")});
    // "divide_error" is how 5.8 and 5.9 spelt it.
    book.add("divide error:", {},
             {trap(EventClass::DivideError, "divide error: {hex_} [", "divide error in {frame}")});
    book.add("divide_error:", {},
             {trap(EventClass::DivideError, "divide_error: {hex_} [", "divide error in {frame}")});
    book.add("invalid opcode:", {.meeting = Meeting::Joins},
             {trap(EventClass::InvalidOpcode, "invalid opcode: {hex_} [", "invalid opcode in {frame}")});
    book.add("int3: ", {}, {fault(EventClass::Breakpoint, "int3: {hex_} [", "int3 in {frame}")});
}

void add_arm_faults(RuleBook& book) {
    // Oops - ...: arch/arm64/kernel/traps.c and arch/arm/kernel/traps.c
    constexpr std::string_view title = "Internal error in {frame}";
    book.add(
        "Internal error:", {.meeting = Meeting::Joins},
        {fault(EventClass::InvalidOpcode, "Internal error: Oops - {undefined|Undefined} instruction", title),
         fault(EventClass::CfiFailure, "Internal error: Oops - {CFI|BTI|FPAC}", title),
         fault(EventClass::KernelBug, "Internal error: Oops - BUG", title),
         fault(EventClass::Kasan, "Internal error: Oops - KASAN", title),
         fault(EventClass::AlignmentFault, "Internal error: SP/PC alignment exception", title),
         fault(EventClass::StackOverflow, "Internal error: kernel stack overflow", title),
         fault(EventClass::UnhandledFault, "Internal error:", "Internal error in {frame}",
               "bad-access in {frame}")});
    // Both are printed for user processes too, which then get a signal.
    EventRule unhandled = fault(EventClass::UnhandledFault, "Unhandled fault:", "Unhandled fault in {frame}",
                                "bad-access in {frame}");
    unhandled.needs = "Internal error:";
    for (const std::string_view literal : {"Unhandled fault:", "Unhandled prefetch abort:"}) {
        unhandled.head = literal;
        book.add(literal, {}, {unhandled});
    }
    unhandled.head = "Unhandled fault at {hex_}{end}";
    book.add("Unhandled fault at ", {}, {unhandled});
    // arm64 up to 5.12, arm: what comes in through a vector that nothing should come through
    EventRule system_error =
        fault(EventClass::HardwareError, "Bad mode in {*} handler detected{*}-- SError", "SError in {frame}");
    system_error.dies = true;
    book.add("Bad mode in ", {},
             {system_error,
              fault(EventClass::UnhandledFault, "Bad mode in {*} handler detected", "bad mode in {frame}")});
    // the same since 5.13 (ec841aab8d0e)
    book.add("exception on CPU", {},
             {fault(EventClass::UnhandledFault, "Unhandled {*} exception on CPU{num_}, ESR",
                    "unhandled exception in {frame}")});
    system_error.head = "SError Interrupt on CPU{num_}, code";
    book.add("SError Interrupt on CPU", {}, {system_error});
    EventRule alignment = fault(EventClass::UnhandledFault, "Alignment trap:", "Alignment trap in {frame}");
    alignment.needs = "Internal error: : {1|3|11|801|811} [#";
    book.add("Alignment trap:", {}, {alignment});
}

// kernel/cfi.c, "CFI failure at f+0x1 (target: g+0x0; expected type: ...)", before 6.1 "CFI failure (target:
// ...)"; arch/x86/kernel/cet.c.
void add_cfi(RuleBook& book) {
    const auto cfi = [](std::string_view head, Steps steps) {
        return EventRule{.event_class = EventClass::CfiFailure,
                         .head = head,
                         .detail = {},
                         .title = "CFI failure in {frame}",
                         .steps = std::move(steps),
                         .other_steps = {steps::fault},
                         .skip = {"cfi_"}};
    };
    book.add("CFI failure", {},
             {cfi("CFI failure at {pc?}{func}", {"@stack"}), cfi("CFI failure (target", steps::trace)});
    book.add("Missing ENDBR: ", {},
             {{.event_class = EventClass::CfiFailure,
               .head = "Missing ENDBR: {pc?}{func}",
               .detail = {},
               .title = "missing ENDBR in {1}"}});
}

// The message in quotes and the place, up to Rust 1.72 in one line; since then the place, and the message
// below it.
void add_rust(RuleBook& book) {
    EventRule rule = {
        .event_class = EventClass::RustPanic,
        .head = "panicked at '{text}', {src}",
        .detail = {},
        .title = "{1} in {frame}",
        .steps = steps::trace,
        .skip = {"rust_begin_unwind", "rust_helper_", "core::panicking", "core::option", "core::result"}};
    std::vector<EventRule> rules = {rule};
    rule.head = "rust_kernel: panicked at";
    rule.detail = {"{rest}"};
    rule.two_lines = true;
    rules.push_back(rule);
    book.add("panicked at ", {}, rules);
}

void add_bugs(RuleBook& book) {
    book.add("kernel BUG", {.otherwise = EventClass::KernelBug},
             {
                 {.event_class = EventClass::UserCopy,
                  .head = "kernel BUG at mm/usercopy.c",
                  .detail = {},
                  .title = "BUG: bad usercopy in {frame}",
                  .steps = steps::trace,
                  .skip = {"usercopy", "__check"}},
                 {.event_class = EventClass::ListCorruption,
                  .head = "kernel BUG at lib/list_debug.c",
                  .detail = {},
                  .title = "BUG: corrupted list in {frame}",
                  .alternative = "bad-access in {frame}",
                  .steps = steps::trace},
                 // arch/x86/kernel/cet.c, behind "Missing ENDBR: ..."
                 {.event_class = EventClass::CfiFailure,
                  .head = "kernel BUG at arch/x86/kernel/cet.c",
                  .detail = {},
                  .title = "missing ENDBR in {frame}",
                  .steps = steps::fault,
                  .meeting = Meeting::Joins},
                 // Helpers of sk_buff check what their callers hand in.
                 {.event_class = EventClass::KernelBug,
                  .head = "kernel BUG at {rest}",
                  .detail = {},
                  .title = "kernel BUG in {frame}",
                  .steps = steps::fault,
                  .skip = {"^skb_"}},
             });
    // riscv, s390 and sh say this behind the line with the place.
    book.add("Kernel BUG", {.meeting = Meeting::Joins},
             {fault(EventClass::KernelBug, "Kernel BUG{*}[#", "kernel BUG in {frame}"),
              fault(EventClass::KernelBug, "Kernel BUG at {rest}", "kernel BUG in {frame}")});
    // mips
    book.add("Kernel bug detected", {},
             {fault(EventClass::KernelBug, "Kernel bug detected", "kernel BUG in {frame}")});
    add_cfi(book);
    add_rust(book);
}

// arch/arm/kernel/traps.c, __div0(): told, and answered with 0
void add_divisions(RuleBook& book) {
    book.add("Division by zero in kernel.", {},
             {{.event_class = EventClass::Warning,
               .head = "Division by zero in kernel.",
               .detail = {},
               .title = "WARNING: division by zero in {frame}",
               .steps = steps::trace,
               .skip = {"div0"}}});
}

}  // namespace

void add_fault_rules(RuleBook& book) {
    add_divisions(book);
    add_bad_addresses(book);
    add_x86_traps(book);
    add_bugs(book);
    add_arm_faults(book);
}

}  // namespace postmortem
