#include "arch/x86_64/x86_64.h"

#include <elf.h>

#include "arch/radix_walker.h"
#include "arch/x86/call_sites.h"
#include "arch/x86/disassembler.h"
#include "arch/x86/machine.h"
#include "arch/x86_64/page_tables.h"
#include "arch/x86_64/registers.h"

namespace postmortem::x86_64 {
namespace {

// __START_KERNEL_map, arch/x86/include/asm/page_64_types.h.
constexpr std::uint64_t kernel_map = 0xffffffff80000000ull;
// KERNEL_IMAGE_SIZE, where VMCOREINFO does not tell it, of a kernel that lies where it was linked or that may
// lie elsewhere (CONFIG_RANDOMIZE_BASE, 3.14). Modules lie right behind.
constexpr std::uint64_t fixed_image_size = 512ull << 20, moved_image_size = 1ull << 30;
constexpr std::uint64_t kernel_half = 1ull << 63;
// Modules and BPF programs lie above the image, or anywhere near it where the image is randomised.
constexpr std::uint64_t lowest_code = 0xffffffff00000000ull;

bool five_levels(const VmcoreInfo& info) {
    return info.number("pgtable_l5_enabled").value_or(0) != 0;
}

PageTableParams tables_at(std::uint64_t root, const VmcoreInfo& info) {
    PageTableParams params;
    params.root = root;
    params.five_levels = five_levels(info);
    params.sme_mask = static_cast<std::uint64_t>(info.number("sme_mask").value_or(0));
    return params;
}

std::uint64_t image_size(const VmcoreInfo& info, std::uint64_t otherwise) {
    return static_cast<std::uint64_t>(info.number("KERNEL_IMAGE_SIZE").value_or(otherwise));
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root) {
    PageTableParams params = tables_at(root, info);
    params.user = true;
    return make_walker(physical, params);
}

Result<std::unique_ptr<PageTableWalker>> kernel_tables(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                       std::uint64_t phys_base) {
    // Named init_level4_pgt until 4.13; swapper_pg_dir is an alias on every release.
    std::optional<std::uint64_t> root;
    for (const char* name : {"init_top_pgt", "init_level4_pgt", "swapper_pg_dir"})
        if (!root) root = info.symbol(name);
    if (!root)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO names no page table (SYMBOL(init_top_pgt) is absent)");
    return make_walker(physical, tables_at(*root - kernel_map + phys_base, info));
}

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    // VMCOREINFO goes before the kdump sub-header: QEMU wrote the latter wrongly for years.
    const auto claimed = info.number("phys_base");
    const std::uint64_t phys_base =
        claimed ? static_cast<std::uint64_t>(*claimed) : physical.dump().info().phys_base.value_or(0);

    // Where that is too little the page tables tell the rest.
    const std::uint64_t linear_size = image_size(info, fixed_image_size);
    return {kernel_tables(physical, info, phys_base),
            {{kernel_map, kernel_map + linear_size - 1, phys_base}}};
}

// VMALLOC_SIZE_TB_L4 and _L5 (arch/x86/include/asm/pgtable_64_types.h); VMALLOC_END is the last byte.
Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory&, const VmcoreInfo& info,
                                    std::span<const std::uint64_t>) {
    return ((five_levels(info) ? 12800ull : 32ull) << 40) - 1;
}

// arch/x86/include/asm/page_64_types.h and pgtable_64_types.h; variables where they are randomised,
// since 4.8. The direct map lay lower until 4.20 (d52888aa2753).
std::vector<KernelBase> bases(const VmcoreInfo& info) {
    const bool five = five_levels(info);
    const std::uint64_t image =
        image_size(info, info.hex("KERNELOFFSET") ? moved_image_size : fixed_image_size);
    return {{"KERNEL VIRTUAL BASE", "page_offset_base", five ? 0xff11000000000000ull : 0xffff888000000000ull,
             five ? 0xff10000000000000ull : 0xffff880000000000ull},
            {"KERNEL VMALLOC BASE", "vmalloc_base", five ? 0xffa0000000000000ull : 0xffffc90000000000ull},
            {"KERNEL VMEMMAP BASE", "vmemmap_base", five ? 0xffd4000000000000ull : 0xffffea0000000000ull},
            {"KERNEL START MAP", nullptr, kernel_map},
            {"KERNEL MODULES BASE", nullptr, kernel_map + image}};
}

bool recognises(const VmcoreInfo& info) {
    return info.symbol("init_top_pgt") && info.number("pgtable_l5_enabled");
}

std::optional<Prstatus> prstatus(Bytes desc, Endian) {
    return parse_prstatus(desc);
}

// Between an entry and its SWAPGS the two bases are the other way round.
std::optional<HypervisorCpu> qemu_cpu(Bytes desc, Endian) {
    auto cpu = parse_qemu_cpu(desc);
    if (!cpu) return std::nullopt;
    HypervisorCpu known{cpu->registers, {cpu->gs_base, cpu->kernel_gs_base}};
    if (cpu->registers.user_mode()) std::swap(known.per_cpu_base[0], known.per_cpu_base[1]);
    return known;
}

std::optional<Registers> pt_regs(Bytes bytes, Endian, std::uint64_t) {
    return parse_pt_regs(bytes);
}
std::optional<Registers> iret_frame(Bytes bytes, Endian, std::uint64_t) {
    return parse_iret_frame(bytes);
}

// __schedule() since 2.6.37 (c259e01a1ec9), before that schedule().
constexpr const char* schedulers[] = {"__schedule", "schedule", "context_switch"};
constexpr FixedReturn behind_switch_to = {"__switch_to", schedulers};

constexpr SavedContext switched_out[] = {
    // struct inactive_task_frame (arch/x86/include/asm/switch_to.h): r15, r14, r13, r12, bx, bp, ret_addr;
    // 4.9 (0100301bfdf5).
    {"inactive_task_frame", {nullptr, "ret_addr", 48}, {nullptr, "bp", 40}},
    // Before, switch_to() itself pushed bp (some kernels flags before it), and every task goes on behind its
    // call.
    {nullptr, {}, {nullptr, nullptr, 0}, &behind_switch_to, 8},
};

// THREAD_SIZE and IRQ_STACK_SIZE without KASAN.
constexpr std::uint64_t stack_size = 16 * 1024;

// hardirq_stack_ptr since 5.8 (a member of pcpu_hot from 6.2 to 6.14), irq_stack_ptr before.
constexpr StackPlace irq_stack[] = {
    {"pcpu_hot", "pcpu_hot", "hardirq_stack_ptr"},
    {"hardirq_stack_ptr"},
    {"irq_stack_ptr"},
};

// The pointer to them is per CPU since 5.1 (7623f37e4111).
constexpr StackPlace exception_stacks[] = {
    {"cea_exception_stacks", nullptr, nullptr, StackPlace::Form::PointsToBottom},
};
constexpr StackMember exception_stack_members[] = {
    {"NMI_stack", StackKind::Nmi},
    {"DF_stack", StackKind::DoubleFault},
    {"DB_stack", StackKind::Debug},
    {"MCE_stack", StackKind::MachineCheck},
    {"VC_stack", StackKind::VmmCommunication},
    {"VC2_stack", StackKind::VmmCommunication},
};
// Until 5.1 orig_ist (arch/x86/kernel/cpu/common.c) has what the TSS has: the ends of the stacks by IST
// number. Of them #SS had one until 3.19 (6f442be2fb22), and #DB's is the larger one.
constexpr StackKind ist_order[] = {StackKind::DoubleFault, StackKind::Nmi, StackKind::Debug,
                                   StackKind::MachineCheck};
constexpr StackKind older_ist_order[] = {StackKind::StackFault, StackKind::DoubleFault, StackKind::Nmi,
                                         StackKind::Debug, StackKind::MachineCheck};
constexpr std::span<const StackKind> ist_orders[] = {ist_order, older_ist_order};
constexpr StackEnds ist_ends = {"orig_ist", "orig_ist", "ist", ist_orders, 4096};

// The stack on which the CPU enters from user mode ends where the TSS says (4.15, with page table isolation).
constexpr StackPlace entry_stack[] = {{"cpu_tss_rw", "tss_struct", "x86_tss.sp0"}};

// arch/x86/include/asm/{cpu_entry_area,processor,page_64_types}.h. Without the entry stack only the first
// instructions after an entry are lost: no problem worth a line.
constexpr CpuStack cpu_stacks[] = {
    {"interrupt stack", irq_stack, StackKind::Irq, "irq_stack", false},
    {"exception stacks", exception_stacks, StackKind::Nmi, nullptr, false, "cea_exception_stacks",
     exception_stack_members, &ist_ends},
    {nullptr, entry_stack, StackKind::Entry, "entry_stack", true},
};

// VMEMMAP_START has been a constant wherever no variable vmemmap_base holds it
// (Documentation/x86/x86_64/mm.txt).
std::optional<std::uint64_t> page_structs(const VmcoreInfo& info, std::optional<std::uint64_t>,
                                          std::uint64_t) {
    if (!info.symbol("mem_section")) return std::nullopt;
    return 0xffffea0000000000ull;
}

// ORC_REG_* by number (arch/x86/include/asm/orc_types.h): one order from 4.14 on, another one by 7.2.
constexpr OrcNumbering orc_numberings[] = {
    {OrcRegister::Undefined, OrcRegister::PreviousSp, OrcRegister::in(Dx), OrcRegister::in(Di),
     OrcRegister::Fp, OrcRegister::Sp, OrcRegister::in(R10), OrcRegister::in(R13), OrcRegister::FpIndirect,
     OrcRegister::SpIndirect},
    {OrcRegister::Undefined, OrcRegister::in(Ax), OrcRegister::in(Dx), OrcRegister::Sp, OrcRegister::Fp,
     OrcRegister::in(Di), OrcRegister::in(R10), OrcRegister::in(R13), OrcRegister::PreviousSp,
     OrcRegister::SpIndirect, OrcRegister::FpIndirect},
};

// arch/x86/mm/pat/set_memory.c: arch_report_meminfo()
std::span<const DirectMapLine> direct_map_lines(const VmcoreInfo&) {
    static constexpr DirectMapLine lines[] = {
        {"DirectMap4k", 1, 4}, {"DirectMap2M", 2, 2048}, {"DirectMap1G", 3, 1u << 20, "direct_gbpages"}};
    return lines;
}

}  // namespace

const Arch arch = {
    .name = "x86_64",
    .elf_machine = EM_X86_64,
    .word_size = 8,
    .plain_char_is_signed = true,
    .recognises = recognises,
    // page_offset_base: arch/x86/kernel/head64.c since 4.8 (021182e52fe0).
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .bases = bases,
               .direct_map = "page_offset_base",
               .direct_map_lines = direct_map_lines,
               .lowest_kernel_address = kernel_half,
               .user_end = kernel_half,
               .lowest_code_address = lowest_code,
               .page_structs = page_structs,
               .section_bits = 27,
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    .notes = {prstatus, "QEMU", qemu_cpu},
    .frames = {pt_regs_size, pt_regs, iret_frame_size, iret_frame},
    .saved_sp = "thread.sp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    // The lowest bit of a frame pointer marks the registers of an exception (ENCODE_FRAME_POINTER in
    // arch/x86/entry/calling.h).
    .code = {x86::call_sites, {0, 8, 1, 1}, orc_numberings, "bp_reg", x86::resting_functions, x86::has_frame},
    .faults = x86::fault_words("RIP: 0010:"),
    .hardware = x86::hardware,
    .vectors = {"idt_table", 256, 16, x86::gate_handler},
    .disassembler = [](Endian) { return x86::make_disassembler_64(); },
};

}  // namespace postmortem::x86_64
