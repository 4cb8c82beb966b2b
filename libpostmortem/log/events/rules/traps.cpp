// What the die() of every architecture prints with its counter, "[#1]": exceptions that the kernel itself ran
// into. docs/events.md has the list, each with the file that it comes from.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

struct Trap {
    EventClass event_class;
    std::string_view head;   ///< what stands in front of the counter
    std::string_view title;  ///< without the function
    Meeting meeting = Meeting::Ends;
};

using Class = EventClass;

// Joins: where the same fault has a line of its own before this one.
constexpr Trap all_traps[] = {
    // x86: arch/x86/kernel/traps.c, arch/x86/mm/fault.c
    {Class::AlignmentFault, "alignment check: ", "alignment check in {frame}"},
    {Class::Trap, "bounds: ", "bounds check in {frame}"},
    {Class::Trap, "overflow: ", "overflow trap in {frame}"},
    {Class::Breakpoint, "debug: ", "debug exception in {frame}"},
    {Class::StackSegmentFault, "invalid TSS: ", "invalid TSS in {frame}"},
    {Class::StackSegmentFault, "segment not present: ", "segment not present in {frame}"},
    {Class::FpuException, "coprocessor segment overrun: ", "coprocessor segment overrun in {frame}"},
    {Class::FpuException, "simd exception: ", "simd exception in {frame}"},
    {Class::FpuException, "fpu exception: ", "fpu exception in {frame}"},
    {Class::FpuException, "kernel {simd|x87} math error: ", "{1} exception in {frame}"},  // up to 2.6.33
    {Class::FpuException, "unexpected #NM exception: ", "unexpected #NM exception in {frame}"},
    {Class::FpuException, "device not available: ", "device not available in {frame}"},
    {Class::Trap, "iret exception: ", "iret exception in {frame}"},
    {Class::Trap, "Split lock detected", "split lock in {frame}"},
    {Class::StackOverflow, "stack guard page: ", "stack guard page was hit in {frame}", Meeting::Joins},
    {Class::PageFault, "Bad pagetable: ", "bad page table in {frame}", Meeting::Joins},
    {Class::CfiFailure, "control protection fault: ", "control protection fault in {frame}"},
    // powerpc: arch/powerpc/kernel/traps.c, arch/powerpc/mm/fault.c; the signal tells what the trap was
    {Class::MachineCheck, "Machine check", "machine check in {frame}", Meeting::Joins},
    {Class::StackCorruption, "Bad kernel stack pointer", "bad kernel stack pointer in {frame}",
     Meeting::Joins},
    {Class::StackOverflow, "Kernel stack overflow", "kernel stack overflow in {frame}", Meeting::Joins},
    {Class::PageFault, "Weird page fault", "weird page fault in {frame}"},
    {Class::PageFault, "Kernel access of bad area", "BUG: unable to handle kernel paging request in {frame}",
     Meeting::Joins},
    {Class::InvalidOpcode, "Exception in kernel mode, sig: 4 ", "illegal instruction in {frame}",
     Meeting::Joins},
    {Class::KernelBug, "Exception in kernel mode, sig: 5 ", "kernel BUG in {frame}", Meeting::Joins},
    {Class::FpuException, "Exception in kernel mode, sig: 8 ", "fpu exception in {frame}", Meeting::Joins},
    {Class::Trap, "Exception in kernel mode", "exception in {frame}", Meeting::Joins},
    {Class::FpuException, "Unrecoverable {FP|VMX/Altivec|VSX|TM} Unavailable Exception",
     "unrecoverable {1} exception in {frame}", Meeting::Joins},
    {Class::FpuException, "Kernel {VMX/Altivec|VSX} assist exception", "{1} assist exception in {frame}"},
    {Class::FpuException, "Kernel Mode {Software FPU|Unimplemented Instruction or SW FPU} Emulation",
     "fpu emulation in {frame}"},
    {Class::Trap, "{Unrecoverable|nonrecoverable} exception", "unrecoverable exception in {frame}",
     Meeting::Joins},
    {Class::Trap, "System Reset", "system reset in {frame}", Meeting::Joins},
    {Class::Trap, "System Management Interrupt", "system management interrupt in {frame}", Meeting::Joins},
    {Class::Trap, "Unexpected facility unavailable exception", "facility unavailable in {frame}",
     Meeting::Joins},
    {Class::Trap, "ICSWX from kernel failed", "ICSWX failed in {frame}"},
    // s390: arch/s390/kernel/traps.c; BUG() is a monitor event or an illegal operation
    {Class::InvalidOpcode, "illegal operation: ", "illegal operation in {frame}", Meeting::Joins},
    {Class::KernelBug, "monitor event: ", "kernel BUG in {frame}", Meeting::Joins},
    {Class::BusError, "addressing exception: ", "addressing exception in {frame}"},
    {Class::AlignmentFault, "specification exception: ", "specification exception in {frame}"},
    {Class::InvalidOpcode, "privileged operation: ", "privileged operation in {frame}"},
    {Class::InvalidOpcode, "{execute|operand|special operation} exception: ", "{1} exception in {frame}"},
    {Class::DivideError, "fixpoint divide exception: ", "divide error in {frame}"},
    {Class::DivideError, "fixpoint overflow exception: ", "overflow in {frame}"},
    {Class::FpuException, "{HFP|vector|data|decimal|floating point} {*}exception: {hex_} ",
     "{1} exception in {frame}"},
    {Class::PageFault, "Low-address protection: ", "low-address protection in {frame}"},
    {Class::Trap, "{translation|transaction constraint} exception: ", "{1} exception in {frame}"},
    {Class::PageFault, "Unexpected TEID: ", "fault of an unexpected kind in {frame}"},
    {Class::Trap, "space switch event: ", "space switch event in {frame}"},
    {Class::Trap, "Unknown program exception: ", "unknown program exception in {frame}"},
    // mips: arch/mips/kernel/traps.c, unaligned.c; loongarch: arch/loongarch/kernel/traps.c, unaligned.c
    {Class::AlignmentFault, "Unhandled kernel unaligned access", "unaligned access in {frame}"},
    {Class::AlignmentFault, "{Unaligned FP access|Kernel unaligned instruction access}",
     "unaligned access in {frame}"},
    {Class::AlignmentFault, "Kernel ale access", "unaligned access in {frame}"},
    {Class::BusError, "Kernel ade access", "address error in {frame}"},
    {Class::InvalidOpcode, "Reserved instruction in kernel code", "reserved instruction in {frame}"},
    {Class::InvalidOpcode, "do_reserved exception", "reserved exception in {frame}"},
    {Class::DivideError, "{Divide by zero|Overflow} in kernel code", "divide error in {frame}"},
    {Class::Breakpoint, "{Break|Trap} instruction in kernel code", "break instruction in {frame}"},
    {Class::FpuException, "FP exception in kernel code", "fpu exception in {frame}"},
    {Class::FpuException, "{do_cpu|do_fpu|do_msa|do_msa_fpe|do_lsx|do_lasx} invoked from kernel context!",
     "{1} in kernel mode in {frame}"},
    {Class::FpuException, "Math emu break/trap", "break in the fpu emulator in {frame}"},
    {Class::Trap, "Integer overflow", "integer overflow in {frame}"},
    {Class::Trap, "Bounds check error in kernel code", "bounds check in {frame}"},
    {Class::Trap, "MIPS MT Thread exception in kernel", "MT thread exception in {frame}"},
    {Class::Trap, "{start}NMI", "NMI in {frame}"},
    // riscv: arch/riscv/kernel/traps.c; loongarch's "Oops - BUG" is there too
    {Class::BusError, "Oops - {load|store (or AMO)|instruction} access fault", "{1} access fault in {frame}"},
    {Class::AlignmentFault, "Oops - {load|store (or AMO)|instruction} address misaligned",
     "misaligned {1} in {frame}"},
    {Class::InvalidOpcode, "Oops - illegal instruction", "illegal instruction in {frame}"},
    {Class::HardwareError, "Oops - hardware error", "hardware error in {frame}"},
    {Class::KernelBug, "Oops - BUG", "kernel BUG in {frame}", Meeting::Joins},
    {Class::Trap, "Oops - {unknown exception|environment call from}", "{1} in {frame}"},
    {Class::Trap, "Oops - {bad trap|non-interrupt|interrupt}", "{1} in {frame}"},
    // sparc: arch/sparc/kernel/traps_32.c, traps_64.c, unaligned_*.c
    {Class::KernelBug, "Kernel bad {sw }trap", "kernel BUG in {frame}", Meeting::Joins},
    {Class::Trap, "Kernel bad trap", "bad trap in {frame}"},
    {Class::InvalidOpcode, "{Kernel illegal instruction|Illegal Instruction Exception}",
     "illegal instruction in {frame}"},
    {Class::AlignmentFault,
     "{Kernel MNA access|Byte sized unaligned access|lddfmna from kernel|stdfmna from kernel}",
     "unaligned access in {frame}"},
    {Class::AlignmentFault, "Kernel does fpu/atomic unaligned load/store", "unaligned access in {frame}"},
    {Class::DivideError, "{Kernel divide by zero|DIV0 Exception}", "divide error in {frame}"},
    {Class::FpuException, "{Penguin|FPU Disabled|FPU IEEE Exception|FPU Other Exception}",
     "fpu exception in {frame}"},
    {Class::HardwareError, "{Cache Error Exception|TLB/TSB error}", "{1} in {frame}"},
    {Class::HardwareError, "{start}{*}({num_}): UE [", "uncorrectable memory error in {frame}"},
    {Class::PageFault, "{Iax|Dax|Data Access Exception|Instruction Access Exception}",
     "access exception in {frame}"},
    {Class::Trap, "{Phys Watchpoint|Virt Watchpoint|IRQ|LDDF|STDF|Tag Overflow} Exception",
     "{1} exception in {frame}"},
    {Class::Trap, "{HugeTSB in atomic|MCD precise|BOGUS}", "{1} in {frame}"},
    // sh: arch/sh/kernel/traps.c, traps_32.c
    {Class::AlignmentFault, "address error ({exec|load|store}): ", "address error in {frame}"},
    {Class::AlignmentFault, "Misaligned FPU load inside kernel: ", "unaligned access in {frame}"},
    {Class::FpuException, "FPU used in kernel: ", "fpu exception in {frame}"},
    {Class::AlignmentFault, "unaligned program counter: ", "unaligned program counter in {frame}"},
    {Class::AlignmentFault,
     "{Fault in unaligned fixup|insn faulting in do_address_error}: ", "unaligned access in {frame}"},
    {Class::AlignmentFault, "delay-slot-insn faulting in handle_unaligned_delayslot",
     "unaligned access in {frame}"},
    {Class::InvalidOpcode, "{reserved|illegal slot} instruction: ", "{1} instruction in {frame}"},
    {Class::Trap, "Fatal Non-Maskable Interrupt: ", "NMI in {frame}"},
    {Class::Trap, "unknown trapa", "unknown trapa in {frame}"},
    {Class::Trap, "{start}exception: ", "exception in {frame}"},
    // xtensa: arch/xtensa/kernel/traps.c
    {Class::Trap, "Caught unhandled exception", "unhandled exception in {frame}"},
    {Class::HardwareError, "Caught multihit exception", "multihit exception in {frame}"},
    {Class::AlignmentFault, "Unhandled unaligned exception in kernel", "unaligned access in {frame}"},
    {Class::InvalidOpcode, "Illegal instruction in kernel", "illegal instruction in {frame}", Meeting::Joins},
    {Class::DivideError, "Unhandled division by 0 in kernel", "divide error in {frame}"},
    {Class::Breakpoint, "Breakpoint in kernel", "breakpoint in {frame}"},
};

EventRule rule_of(EventClass event_class, std::string_view head, std::string_view title) {
    return {.event_class = event_class, .head = head, .detail = {}, .title = title, .steps = steps::fault};
}

std::vector<EventRule> trap_rules() {
    std::vector<EventRule> rules;
    for (const Trap& trap : all_traps) {
        EventRule rule = rule_of(trap.event_class, trap.head, trap.title);
        rule.meeting = trap.meeting;
        rules.push_back(std::move(rule));
    }
    return rules;
}

constexpr std::string_view body_of_oops =
    "{Call Trace|Call trace|Modules linked in|Backtrace|CPU: |Process |Pid: |end trace}";

// Whatever counts itself among the oopses and has an oops's body.
std::vector<EventRule> unknown_traps() {
    // sparc's die_if_kernel() has the name of the process in front
    std::vector<EventRule> rules = {
        rule_of(EventClass::Oops, "{start}{*}({num_}): {text} [#", "{1} in {frame}"),
        rule_of(EventClass::Oops, "{start}{text}: {hex_} [#", "{1} in {frame}"),
        rule_of(EventClass::Oops, "{start}{text}[#", "{1} in {frame}")};
    for (EventRule& rule : rules) rule.proof = body_of_oops;
    return rules;
}

// No counter: m68k and parisc.
void add_uncounted(RuleBook& book) {
    // arch/m68k/kernel/traps.c, bad_super_trap()
    book.add("***   FORMAT=", {},
             {rule_of(Class::AlignmentFault, "*** ADDRESS ERROR ***", "address error in {frame}"),
              rule_of(Class::InvalidOpcode, "*** {ILLEGAL INSTRUCTION|PRIVILEGE VIOLATION|LINE} ",
                      "illegal instruction in {frame}"),
              rule_of(Class::DivideError, "*** ZERO DIVIDE ***", "divide error in {frame}"),
              rule_of(Class::Trap, "*** {text} ***", "{1} in {frame}")});
    book.add("BAD KERNEL TRAP", {.meeting = Meeting::Joins},
             {rule_of(Class::Trap, "BAD KERNEL TRAP: {hex_}", "bad kernel trap in {frame}")});
    // arch/parisc/kernel/traps.c: parisc_terminate(), die_if_kernel()
    book.add("Kernel Fault: Code=", {},
             {rule_of(Class::PageFault, "Kernel Fault: Code=", "kernel fault in {frame}")});
    book.add(
        "Bad Address (null", {},
        {rule_of(Class::PageFault, "Bad Address (null pointer deref?): Code=", "kernel fault in {frame}")});
    book.add("Page fault: ", {},
             {rule_of(Class::PageFault, "Page fault: {no context|bad address|fault handler}: Code=",
                      "kernel fault in {frame}")});
    book.add("Machine Check (HPMC)", {},
             {rule_of(Class::MachineCheck,
                      "High Priority Machine Check (HPMC): Code=", "machine check in {frame}")});
    book.add("Unexpected interruption: Code=", {},
             {rule_of(Class::Trap, "Unexpected interruption: Code=", "unexpected interruption in {frame}")});
    std::vector<EventRule> parisc = {
        rule_of(Class::AlignmentFault, "(pid {num_}): Unaligned data reference (code {num_}){end}",
                "unaligned access in {frame}"),
        rule_of(Class::InvalidOpcode,
                "(pid {num_}): {Illegal instruction|Privileged operation|Privileged register usage} (code "
                "{num_}){end}",
                "illegal instruction in {frame}"),
        rule_of(Class::FpuException, "(pid {num_}): Floating point exception (code {num_}){end}",
                "fpu exception in {frame}"),
        rule_of(Class::Breakpoint, "(pid {num_}): Unknown kernel breakpoint (code {num_}){end}",
                "breakpoint in {frame}"),
        rule_of(Class::Trap, "(pid {num_}): {text} (code {num_}){end}", "{1} in {frame}")};
    for (EventRule& rule : parisc) {
        rule.proof = "{YZrvWESTHLNXBCV|IAOQ}";
        rule.behind_name = true;
    }
    book.add(" (code ", {.meeting = Meeting::Joins}, parisc);
}

// arch/x86/kernel/head_64.S, extable.c: before there is an IDT; the machine halts. Two digits up to 4.5.
void add_early_exceptions(RuleBook& book) {
    const auto early = [](Class event_class, std::string_view head, std::string_view title) {
        EventRule rule = rule_of(event_class, head, title);
        rule.dies = true;
        return rule;
    };
    book.add("PANIC: early exception", {},
             {early(Class::PageFault, "PANIC: early exception {0x0e|0e} ",
                    "BUG: unable to handle kernel paging request in {frame}"),
              early(Class::GeneralProtectionFault, "PANIC: early exception {0x0d|0d} ",
                    "general protection fault in {frame}"),
              early(Class::InvalidOpcode, "PANIC: early exception {0x06|06} ", "invalid opcode in {frame}"),
              early(Class::Trap, "PANIC: early exception {hex} ", "early exception {1} in {frame}")});
}

// arch/ia64/kernel/traps.c: "cat[65]: bugcheck! 0 [1]", behind BUG()'s own line where it has one
void add_ia64(RuleBook& book) {
    EventRule bugcheck = rule_of(Class::KernelBug, "bugcheck! {num_} [{num_}]{end}", "kernel BUG in {frame}");
    bugcheck.behind_name = true;
    book.add("bugcheck!", {.meeting = Meeting::Joins}, {bugcheck});
}

// A line in front of the one with the counter, which joins it.
void add_lead_ins(RuleBook& book) {
    // arch/mips/kernel/traps.c, do_be(): a process gets a signal instead
    EventRule bus = rule_of(Class::BusError, "{Data|Instruction} bus error, epc ==", "bus error in {frame}");
    bus.proof = "Oops[#";
    book.add(" bus error, epc ==", {}, {bus});
    // kernel/exit.c: an oops while a task that oopsed goes; nothing where that is in the log
    EventRule recursive =
        rule_of(Class::Oops, "Fixing recursive fault but reboot is needed!", "recursive fault");
    recursive.is_torn = true;
    recursive.one_line = true;
    book.add("Fixing recursive fault", {.meeting = Meeting::Joins, .join_within = 200}, {recursive});
    // arch/powerpc/mm/fault.c since 5.3; the BUG line follows and takes over
    book.add("Kernel attempted to ", {.meeting = Meeting::Joins},
             {rule_of(Class::PageFault, "Kernel attempted to {read|write|access|execute} user page",
                      "BUG: unable to handle kernel paging request in {frame}")});
    EventRule stack = rule_of(Class::StackCorruption, "{start}Bad kernel stack pointer {hex_} at",
                              "bad kernel stack pointer in {frame}");
    stack.dies = true;
    book.add("Bad kernel stack pointer", {}, {stack});
    // arch/mips/kernel/traps.c, do_mcheck(): the panic follows
    book.add("Got mcheck at ", {},
             {rule_of(Class::MachineCheck, "Got mcheck at {hex_}{end}", "machine check in {frame}")});
    book.add("Machine check in kernel mode", {},
             {rule_of(Class::MachineCheck, "Machine check in kernel mode.", "machine check in {frame}")});
    stack =
        rule_of(Class::StackOverflow, "Kernel stack overflow in process", "kernel stack overflow in {frame}");
    stack.dies = true;
    book.add("Kernel stack overflow in process", {}, {stack});
}

}  // namespace

void add_trap_rules(RuleBook& book) {
    // crash(8) quotes the headline in its banner.
    const TriggerOptions joins = {.unless = {"Kernel panic", "(check log for details)"},
                                  .meeting = Meeting::Joins};
    add_lead_ins(book);
    for (const std::string_view literal : {std::string_view("Oops: "), std::string_view("Oops - ")})
        book.add(literal, joins, trap_rules());
    // An oops that lost its first line, or of no kind of its own.
    std::vector<EventRule> others;
    for (const std::string_view head : {"Oops: {*}[#", "Oops: {hex_}{end}", "Oops: {rest}"})
        others.push_back(rule_of(EventClass::Oops, head, "Oops in {frame}"));
    others.back().proof = body_of_oops;
    book.add("Oops: ", joins, std::move(others));
    book.add("Oops - ", joins, {rule_of(EventClass::Oops, "Oops - {*}[#", "Oops in {frame}")});
    for (const std::string_view literal : {"Oops[#", "Oops [#"})
        book.add(literal, joins, {rule_of(EventClass::Oops, literal, "Oops in {frame}")});
    book.add(die_literal, joins, trap_rules());
    book.add(die_literal, joins, unknown_traps());
    // x86-64 up to 2.6.24 counted without the sharp.
    book.add("0000 [1] ", joins, trap_rules());
    add_uncounted(book);
    add_early_exceptions(book);
    add_ia64(book);
}

}  // namespace postmortem
