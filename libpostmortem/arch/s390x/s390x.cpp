#include "arch/s390x/s390x.h"

#include <elf.h>

#include "arch/radix_walker.h"
#include "arch/s390x/code.h"
#include "arch/s390x/disassembler.h"
#include "arch/s390x/faults.h"
#include "arch/s390x/kernel_map.h"
#include "arch/s390x/page_tables.h"
#include "arch/s390x/registers.h"

namespace postmortem::s390x {
namespace {

// Kernel and programs have an address space each, from 0 on; at the very start are pages of the processor's
// own, which nothing points to.
constexpr std::uint64_t lowest_kernel_address = 0x1000;
constexpr std::uint64_t user_end = std::uint64_t{1} << 53;

std::optional<Registers> pt_regs(Bytes bytes, Endian endian, std::uint64_t) {
    return parse_pt_regs(bytes, endian);
}

// struct stack_frame (arch/s390/include/asm/stacktrace.h): what a function calls saves there the registers
// from r6 on, with the return address among them, and where its caller's frame is.
constexpr std::uint32_t saved_link = 136, back_chain = 152, frame_overhead = 160;

// __switch_to() saves them in the frame of its caller, as every function does.
constexpr SavedContext switched_out[] = {
    {nullptr, {nullptr, nullptr, saved_link}, {}},
};

// THREAD_SIZE without KASAN; a CPU's stacks are as large.
constexpr std::uint64_t stack_size = 16 * 1024;
constexpr const char* task_stack = "thread_union";

// Each CPU's lowcore (arch/s390/include/asm/lowcore.h) knows the first frame of its stacks.
constexpr StackPlace in_lowcore(const char* member) {
    return {"lowcore_ptr", "lowcore", member, StackPlace::Form::PointsToTop, StackPlace::ByCpu::Array};
}
constexpr StackPlace async_stack[] = {in_lowcore("async_stack")}, nodat_stack[] = {in_lowcore("nodat_stack")},
                     mcck_stack[] = {in_lowcore("mcck_stack")},
                     restart_stack[] = {in_lowcore("restart_stack")};

constexpr CpuStack cpu_stacks[] = {
    {"interrupt stack", async_stack, StackKind::Irq, task_stack},
    {nullptr, nodat_stack, StackKind::Untranslated, task_stack},
    {nullptr, mcck_stack, StackKind::MachineCheck, task_stack},
    {nullptr, restart_stack, StackKind::Restart, task_stack},
};

constexpr const char* resting[] = {"__machine_kexec", "machine_kexec", "smp_stop_cpu", "disabled_wait"};

constexpr const char* vmalloc_bounds[] = {"VMALLOC_START", "VMALLOC_END"};

// arch/s390/mm/pageattr.c: arch_report_meminfo()
std::span<const DirectMapLine> direct_map_lines(const VmcoreInfo&) {
    static constexpr DirectMapLine lines[] = {
        {"DirectMap4k", 0, 4}, {"DirectMap1M", 1, 1024}, {"DirectMap2G", 2, 2u << 20}};
    return lines;
}

}  // namespace

const Arch arch = {
    .name = "s390x",
    .elf_machine = EM_S390,
    .word_size = 8,
    .recognises = recognises,
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .direct_map_told = "IDENTITYBASE",
               .direct_map_lines = direct_map_lines,
               .lowest_kernel_address = lowest_kernel_address,
               .user_end = user_end,
               .uses_address_0 = true,
               .lowest_code_address = lowest_kernel_address,
               .page_structs = page_structs,
               .first_page_struct = "vmemmap",
               .vmalloc_variables = vmalloc_bounds,
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    .notes = {parse_prstatus, {}, nullptr, nullptr, NT_S390_PREFIX, "lowcore_ptr"},
    .frames = {.size = registers_size, .parse = pt_regs, .exception_entry = "pgm_check_handler"},
    .saved_sp = "thread.ksp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    .code = {.calls = call_sites,
             .frame_pointers = {.caller = back_chain,
                                .return_address = saved_link,
                                .frame_size = frame_overhead},
             .resting = resting,
             .has_frame = has_frame},
    .faults = fault_words,
    .disassembler = [](Endian) { return make_disassembler(); },
};

}  // namespace postmortem::s390x
