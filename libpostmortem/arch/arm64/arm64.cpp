#include "arch/arm64/arm64.h"

#include <elf.h>

#include "arch/arm64/code.h"
#include "arch/arm64/data_places.h"
#include "arch/arm64/disassembler.h"
#include "arch/arm64/faults.h"
#include "arch/arm64/kernel_map.h"
#include "arch/arm64/page_tables.h"
#include "arch/arm64/registers.h"
#include "arch/radix_walker.h"

namespace postmortem::arm64 {
namespace {

// The largest of the kernel's and of the user's halves: addresses of 52 bits, and no user's has bit 55.
constexpr std::uint64_t lowest_kernel_address = ~std::uint64_t{0} << 52;
constexpr std::uint64_t user_end = std::uint64_t{1} << 55;

// KASAN's, which the CPU passes over (TCR_EL1.TBI1): of the CPU's own tagging of memory and of the compiler's
// (mm/kasan/{hw,sw}_tags.c; until 5.11 there was the latter alone).
constexpr std::uint64_t tag_bits = std::uint64_t{0xff} << 56;
constexpr const char* taggers[] = {"kasan_init_hw_tags", "kasan_init_sw_tags", "kasan_init_tags"};

std::optional<Registers> pt_regs(Bytes bytes, Endian endian, std::uint64_t) {
    return parse_pt_regs(bytes, endian);
}

// struct cpu_context (arch/arm64/include/asm/processor.h).
constexpr SavedContext switched_out[] = {
    {nullptr, {"thread.cpu_context.pc"}, {"thread.cpu_context.fp"}},
};

// THREAD_SIZE without KASAN, for pages of up to 16 KiB; IRQ stacks and those of SDEI are as large.
constexpr std::uint64_t stack_size = 16 * 1024;
constexpr const char* task_stack = "thread_union";

constexpr StackPlace::Form bottom = StackPlace::Form::PointsToBottom;
// A pointer since 4.15 (f60fe78f1332), before that the stack itself.
constexpr StackPlace irq_stack[] = {
    {"irq_stack_ptr", nullptr, nullptr, bottom},
    {"irq_stack", nullptr, nullptr, StackPlace::Form::Itself},
};
constexpr StackPlace overflow_stack[] = {{"overflow_stack", nullptr, nullptr, StackPlace::Form::Itself}};
constexpr StackPlace sdei_normal[] = {{"sdei_stack_normal_ptr", nullptr, nullptr, bottom}};
constexpr StackPlace sdei_critical[] = {{"sdei_stack_critical_ptr", nullptr, nullptr, bottom}};

constexpr CpuStack task_sized(const char* name, std::span<const StackPlace> places, StackKind kind) {
    return {name, places, kind, task_stack};
}
constexpr CpuStack overflow_sized() {
    CpuStack stack{nullptr, overflow_stack, StackKind::Overflow};
    stack.size = 4096;  // OVERFLOW_STACK_SIZE
    return stack;
}

// arch/arm64/kernel/{irq,traps,sdei}.c.
constexpr CpuStack cpu_stacks[] = {
    task_sized("interrupt stack", irq_stack, StackKind::Irq),
    overflow_sized(),
    task_sized(nullptr, sdei_normal, StackKind::Sdei),
    task_sized(nullptr, sdei_critical, StackKind::Sdei),
};

// machine_kexec() loads the crash kernel; the other CPUs are stopped by an interrupt between processors
// (arch/arm64/kernel/smp.c).
constexpr const char* resting[] = {"machine_kexec", "ipi_cpu_crash_stop", "do_handle_IPI",
                                   "ipi_handler",   "handle_IPI",         "cpu_park_loop"};

}  // namespace

const Arch arch = {
    .name = "arm64",
    .elf_machine = EM_AARCH64,
    .word_size = 8,
    .recognises = recognises,
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .page_sizes = page_sizes,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .direct_map_told = "NUMBER(PHYS_OFFSET) and NUMBER(VA_BITS)",
               .lowest_kernel_address = lowest_kernel_address,
               .user_end = user_end,
               .tag_bits = tag_bits,
               .taggers = taggers,
               .lowest_code_address = lowest_kernel_address,
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    .notes = {parse_prstatus, {}, nullptr},
    .frames = {registers_size, pt_regs},
    .saved_sp = "thread.cpu_context.sp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    // A frame record, and another one in struct pt_regs (kernel_entry in arch/arm64/kernel/entry.S).
    .code = {.calls = call_sites,
             .frame_pointers = {.caller = 0, .return_address = 8, .in_registers = "stackframe"},
             .resting = resting,
             .has_frame = has_frame,
             .signed_addresses = {signature_bits, strip_signature},
             .data_places = data_places},
    .faults = fault_words,
    .disassembler = [](Endian) { return make_disassembler(); },
};

}  // namespace postmortem::arm64
