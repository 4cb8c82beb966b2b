#include "arch/riscv64/riscv64.h"

#include <elf.h>

#include "arch/radix_walker.h"
#include "arch/riscv64/code.h"
#include "arch/riscv64/disassembler.h"
#include "arch/riscv64/faults.h"
#include "arch/riscv64/kernel_map.h"
#include "arch/riscv64/page_tables.h"
#include "arch/riscv64/registers.h"

namespace postmortem::riscv64 {
namespace {

// The largest of the kernel's and of the user's halves: addresses of 57 bits.
constexpr std::uint64_t lowest_kernel_address = ~std::uint64_t{0} << 56;
constexpr std::uint64_t user_end = std::uint64_t{1} << 56;
// The image, and the modules up to 2 GiB before its end (Documentation/arch/riscv/vm-layout.rst).
constexpr std::uint64_t lowest_code_address = ~std::uint64_t{0} << 32;

std::optional<Registers> pt_regs(Bytes bytes, Endian endian, std::uint64_t) {
    return parse_pt_regs(bytes, endian);
}

// struct thread_struct (arch/riscv/include/asm/processor.h), which begins with what __switch_to() saves; s[0]
// is the frame pointer.
constexpr SavedContext switched_out[] = {
    {nullptr, {"thread.ra"}, {"thread.s"}},
};

// THREAD_SIZE without KASAN; the interrupt's stack is as large.
constexpr std::uint64_t stack_size = 16 * 1024;
constexpr const char* task_stack = "thread_union";

// arch/riscv/kernel/irq.c, since 6.5: a pointer with CONFIG_VMAP_STACK, else beside the stack.
constexpr StackPlace irq_stack[] = {
    {"irq_stack_ptr", nullptr, nullptr, StackPlace::Form::PointsToBottom},
};
// arch/riscv/kernel/traps.c
constexpr StackPlace overflow_stack[] = {{"overflow_stack", nullptr, nullptr, StackPlace::Form::Itself}};

constexpr CpuStack overflow_sized() {
    CpuStack stack{nullptr, overflow_stack, StackKind::Overflow};
    stack.size = 4096;  // OVERFLOW_STACK_SIZE
    return stack;
}

// Kernels before 6.5 handle interrupts on the stack of the task: nothing is missing where there is none.
constexpr CpuStack cpu_stacks[] = {
    {nullptr, irq_stack, StackKind::Irq, task_stack},
    overflow_sized(),
};

// machine_kexec() loads the crash kernel; the other CPUs are stopped by an interrupt between processors
// (arch/riscv/kernel/smp.c).
constexpr const char* resting[] = {"machine_kexec", "ipi_cpu_crash_stop", "handle_IPI", "ipi_stop"};

}  // namespace

const Arch arch = {
    .name = "riscv64",
    .elf_machine = EM_RISCV,
    .word_size = 8,
    .recognises = recognises,
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .direct_map_told = "NUMBER(PAGE_OFFSET) and NUMBER(phys_ram_base)",
               .lowest_kernel_address = lowest_kernel_address,
               .user_end = user_end,
               .lowest_code_address = lowest_code_address,
               .page_structs = page_structs,
               .first_page_struct = "vmemmap_start_pfn",
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    // The processor that boots is CPU 0, whichever number it has (arch/riscv/kernel/smp.c).
    .notes = {parse_prstatus, {}, nullptr, "__cpuid_to_hartid_map"},
    .frames = {registers_size, pt_regs},
    .saved_sp = "thread.sp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    // struct stackframe lies below what the frame pointer points at (arch/riscv/include/asm/stacktrace.h).
    .code = {.calls = call_sites,
             .frame_pointers = {.caller = -16, .return_address = -8},
             .resting = resting,
             .has_frame = has_frame,
             .keeps_link = keeps_link},
    .faults = fault_words,
    .disassembler = [](Endian) { return make_disassembler(); },
};

}  // namespace postmortem::riscv64
