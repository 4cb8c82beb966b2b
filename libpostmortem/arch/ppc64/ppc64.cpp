#include "arch/ppc64/ppc64.h"

#include <elf.h>

#include "arch/ppc64/code.h"
#include "arch/ppc64/disassembler.h"
#include "arch/ppc64/faults.h"
#include "arch/ppc64/kernel_map.h"
#include "arch/ppc64/page_tables.h"
#include "arch/ppc64/registers.h"
#include "arch/radix_walker.h"

namespace postmortem::ppc64 {
namespace {

constexpr std::uint64_t kernel_half = 0xcull << 60;
constexpr std::uint64_t user_end = std::uint64_t{1} << 52;

std::optional<Registers> pt_regs(Bytes bytes, Endian endian, std::uint64_t) {
    return parse_pt_regs(bytes, endian);
}

// ELF ABI, "The Stack Frame": the caller's frame, and where what a function calls saves its return address.
constexpr std::uint32_t back_chain = 0, saved_link = 16, frame_overhead = 32;

// STACK_FRAME_REGS_MARKER (arch/powerpc/include/asm/ptrace.h): "regshere" in older kernels, "REGS" in 6.1 and
// since; there in a frame as large as the first ABI's, in 6.12 in a smaller one.
constexpr std::uint64_t regshere = 0x7265677368657265, regs_little = 0x53474552, regs_big = 0x52454753;
constexpr RegistersMark marks[] = {{32, regs_little, 48},
                                   {32, regs_big, 48},
                                   {96, regs_little, 112},
                                   {96, regs_big, 112},
                                   {96, regshere, 112}};

// _switch() makes a frame of its own, and saves where it returns to in its caller's.
constexpr SavedContext switched_out[] = {
    {.ip = {nullptr, nullptr, saved_link}, .fp = {}, .in_callers_frame = true},
};

// THREAD_SIZE, as a rule; a CPU's stacks are as large.
constexpr std::uint64_t stack_size = 16 * 1024;
constexpr const char* task_stack = "thread_union";

// arch/powerpc/kernel/irq.c: pointers to the lowest address, where until 5.1 a struct thread_info lay.
constexpr StackPlace from_array(const char* variable) {
    return {variable, "thread_info", nullptr, StackPlace::Form::Itself, StackPlace::ByCpu::Array};
}
// arch/powerpc/include/asm/paca.h; since 4.17 (d2e60075a3d4) a pointer to an array of pointers.
constexpr StackPlace in_paca(const char* member) {
    return {"paca_ptrs", "paca_struct", member, StackPlace::Form::PointsToTop,
            StackPlace::ByCpu::PointerToArray};
}
constexpr StackPlace irq_stack[] = {from_array("hardirq_ctx")},
                     soft_irq_stack[] = {from_array("softirq_ctx")},
                     emergency_stack[] = {in_paca("emergency_sp")},
                     nmi_stack[] = {in_paca("nmi_emergency_sp")},
                     machine_check_stack[] = {in_paca("mc_emergency_sp")};

constexpr CpuStack cpu_stacks[] = {
    {"interrupt stack", irq_stack, StackKind::Irq, task_stack},
    {"softirq stack", soft_irq_stack, StackKind::Irq, task_stack},
    {"emergency stack", emergency_stack, StackKind::Overflow, task_stack},
    {"NMI stack", nmi_stack, StackKind::Nmi, task_stack},
    {"machine check stack", machine_check_stack, StackKind::MachineCheck, task_stack},
};

constexpr const char* resting[] = {"default_machine_kexec", "pseries_machine_kexec", "crash_ipi_callback",
                                   "stop_this_cpu"};

constexpr const char* vmalloc_bounds[] = {"__vmalloc_start", "__vmalloc_end"};

// arch/powerpc/mm/book3s64/pgtable.c: arch_report_meminfo(); only with radix tables, of which process_tb is
// one.
std::span<const DirectMapLine> direct_map_lines(const VmcoreInfo&) {
    static constexpr DirectMapLine lines[] = {{"DirectMap4k", 0, 4, "process_tb"},
                                              {"DirectMap64k", 2, 64, "process_tb"},
                                              {"DirectMap2M", 7, 2048, "process_tb"},
                                              {"DirectMap1G", 13, 1u << 20, "process_tb"}};
    return lines;
}

}  // namespace

const Arch arch = {
    .name = "ppc64",
    .elf_machine = EM_PPC64,
    .word_size = 8,
    .recognises = recognises,
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .byte_order = byte_order,
               .page_sizes = page_sizes,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .direct_map_lines = direct_map_lines,
               .lowest_kernel_address = kernel_half,
               .user_end = user_end,
               .lowest_code_address = kernel_half,
               .page_structs = page_structs,
               .first_page_struct = "vmemmap",
               .section_bits = 24,
               .vmalloc_variables = vmalloc_bounds,
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    .notes = {parse_prstatus, {}, nullptr},
    .frames = {registers_size, pt_regs},
    .saved_sp = "thread.ksp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    .code = {.calls = call_sites,
             .frame_pointers = {.caller = back_chain,
                                .return_address = saved_link,
                                .frame_size = frame_overhead,
                                .marks = marks},
             .resting = resting,
             .has_frame = has_frame},
    .faults = fault_words,
    .disassembler = make_disassembler,
};

}  // namespace postmortem::ppc64
