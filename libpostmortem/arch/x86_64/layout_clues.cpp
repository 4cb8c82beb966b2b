#include "arch/layout_clues.h"

#include "arch/x86/machine.h"
#include "arch/x86_64/x86_64.h"

namespace postmortem::x86_64 {
namespace {

// orig_ist is an array and nothing else (until 5.1).
constexpr FixedMember fixed_members[] = {{"orig_ist", "ist", 0}};

// map_irq_stack(), arch/x86/kernel/irq_64.c.
constexpr StackMapping mapped_stacks[] = {
    {"pcpu_hot", "pcpu_hot", "hardirq_stack_ptr", "irq_stack_backing_store"}};

// The TSS is the processor's (Intel SDM, 64-bit TSS) and the first part of struct tss_struct; its IST holds
// the ends of the stacks in the order of arch/x86/include/asm/cpu_entry_area.h (5.1, 7623f37e4111), each
// behind a guard page.
constexpr const char* exceptions[] = {"DF_stack", "NMI_stack", "DB_stack", "MCE_stack", "VC_stack"};
constexpr MappedStacks exception_stacks_in_tss = {
    "cea_exception_stacks", "cea_exception_stacks", "cpu_tss_rw", 36, 4096, exceptions};

}  // namespace

const LayoutClues layout_clues = {x86::current_task_variables, fixed_members, mapped_stacks,
                                  &exception_stacks_in_tss};

}  // namespace postmortem::x86_64
