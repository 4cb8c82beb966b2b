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
    book.add("general protection fault", {.unless = {"general protection fault {*} error:{num} in "}},
             {fault(EventClass::GeneralProtectionFault, "general protection fault{*}:",
                    "general protection fault in {frame}", "bad-access in {frame}")});
    book.add("stack segment: ", {},
             {fault(EventClass::StackSegmentFault, "stack segment: ", "stack segment fault in {frame}")});
    book.add("PANIC: double fault", {.meeting = Meeting::Passes},
             {trap(EventClass::DoubleFault, "PANIC: double fault", "PANIC: double fault in {frame}")});
    // "divide_error" is how 5.8 and 5.9 spelt it.
    book.add("divide error:", {},
             {trap(EventClass::DivideError, "divide error:", "divide error in {frame}")});
    book.add("divide_error:", {},
             {trap(EventClass::DivideError, "divide_error:", "divide error in {frame}")});
    book.add("invalid opcode:", {.meeting = Meeting::Joins},
             {trap(EventClass::InvalidOpcode, "invalid opcode:", "invalid opcode in {frame}")});
    book.add("int3: ", {}, {fault(EventClass::Breakpoint, "int3: ", "int3 in {frame}")});
}

void add_arm_faults(RuleBook& book) {
    book.add("Internal error:", {.meeting = Meeting::Joins},
             {fault(EventClass::UnhandledFault, "Internal error:", "Internal error in {frame}",
                    "bad-access in {frame}")});
    // Both are printed for user processes too, which then get a signal.
    EventRule unhandled = fault(EventClass::UnhandledFault, "Unhandled fault:", "Unhandled fault in {frame}",
                                "bad-access in {frame}");
    unhandled.needs = "Internal error:";
    book.add("Unhandled fault:", {}, {unhandled});
    EventRule alignment = fault(EventClass::UnhandledFault, "Alignment trap:", "Alignment trap in {frame}");
    alignment.needs = "Internal error: : {1|3|11|801|811} [#";
    book.add("Alignment trap:", {}, {alignment});
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
                 // Helpers of sk_buff check what their callers hand in.
                 {.event_class = EventClass::KernelBug,
                  .head = "kernel BUG at {rest}",
                  .detail = {},
                  .title = "kernel BUG in {frame}",
                  .steps = steps::fault,
                  .skip = {"^skb_"}},
             });
    // riscv and s390 say this behind the line with the place.
    book.add("Kernel BUG", {},
             {{.event_class = EventClass::KernelBug,
               .head = "Kernel BUG {rest}",
               .detail = {},
               .title = "kernel BUG {1}",
               .joins = true}});
    // mips
    book.add("Kernel bug detected", {},
             {fault(EventClass::KernelBug, "Kernel bug detected", "kernel BUG in {frame}")});
    book.add("rust_kernel: panicked", {},
             {{.event_class = EventClass::RustPanic,
               .head = "rust_kernel: panicked at",
               .detail = {"{rest}"},
               .title = "{1} in {frame}",
               .steps = steps::trace,
               .skip = {"rust_begin_unwind"}}});
}

}  // namespace

void add_fault_rules(RuleBook& book) {
    add_bad_addresses(book);
    add_x86_traps(book);
    add_bugs(book);
    add_arm_faults(book);
    // An oops that lost its first line; powerpc, mips, riscv and s390 sometimes say no more than this.
    book.add("Oops: ", {.meeting = Meeting::Joins},
             {fault(EventClass::Oops, "Oops: {rest}", "Oops in {frame}")});
    for (const std::string_view literal : {"Oops - ", "Oops[#", "Oops [#"}) {
        book.add(literal, {.meeting = Meeting::Joins}, {fault(EventClass::Oops, literal, "Oops in {frame}")});
    }
}

}  // namespace postmortem
