#include "arch/i386/i386.h"

#include <algorithm>

#include <elf.h>

#include "arch/i386/page_tables.h"
#include "arch/i386/registers.h"
#include "arch/radix_walker.h"
#include "arch/x86/call_sites.h"
#include "arch/x86/disassembler.h"
#include "arch/x86/machine.h"
#include "base/checked.h"

namespace postmortem::i386 {
namespace {

// CONFIG_PAGE_OFFSET by CONFIG_VMSPLIT_*, the usual one first (arch/x86/Kconfig). The kernel maps low memory
// from there on, one to one.
constexpr std::uint64_t page_offsets[] = {0xc0000000, 0xb0000000, 0x80000000, 0x78000000, 0x40000000};
constexpr std::uint64_t lowest_page_offset = 0x40000000;
constexpr std::uint64_t low_pages_limit = (std::uint64_t{1} << 32) / 4096;
// More than any image has; low memory, which is all that is mapped one to one, may end soon behind it.
constexpr std::uint64_t largest_image = 64u << 20;

struct Tables {
    PageTableParams params;
    std::uint64_t page_offset = 0;
};

// The right offset leads from the page tables' own address to themselves.
Result<Tables> find_tables(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const auto tables = info.symbol("swapper_pg_dir");
    if (!tables)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO names no page table (SYMBOL(swapper_pg_dir) is absent)");
    const bool pae = info.string("CONFIG_X86_PAE") == "y";
    std::optional<std::uint64_t> chosen;
    for (const std::uint64_t offset : page_offsets) {
        if (*tables < offset) continue;
        if (!chosen) chosen = offset;
        const auto found = make_walker(physical, {*tables - offset, pae})->walk(*tables);
        if (!found || found->paddr != *tables - offset) continue;
        chosen = offset;
        break;
    }
    if (!chosen) return fail(ErrorCode::Corrupt, "VMCOREINFO places the page tables in user space", *tables);
    return Tables{{*tables - *chosen, pae}, *chosen};
}

// Where the tables do not tell where low memory is mapped, the usual place is taken.
void add_image(KernelMapping& mapping, const DumpFile& dump, std::optional<std::uint64_t> text,
               std::uint64_t page_offset) {
    const std::uint64_t image = align_down(text.value_or(page_offset), dump.page_size());
    const std::uint64_t memory_end = std::min(dump.info().max_pfn, low_pages_limit) * dump.page_size();
    if (image < page_offset || image - page_offset >= memory_end) return;
    const std::uint64_t paddr = image - page_offset;
    const std::uint64_t bytes = std::min(largest_image, memory_end - paddr);
    mapping.linear.push_back({image, image + bytes - 1, paddr});
}

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const auto tables = find_tables(physical, info);
    KernelMapping mapping{
        tables.map([&](const Tables& found) { return make_walker(physical, found.params); }), {}};
    add_image(mapping, physical.dump(), info.symbol("_stext"),
              tables ? tables->page_offset : page_offsets[0]);
    return mapping;
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root) {
    return make_walker(physical, {root, info.string("CONFIG_X86_PAE") == "y"});
}

// VMALLOC_START and VMALLOC_END (arch/x86/include/asm/pgtable_32_areas.h; 2.6.30 on): from a gap behind low
// memory to two pages below the place where high memory is mapped for a while, which a table of its own maps.
constexpr const char* vmalloc_variables[] = {"high_memory", "pkmap_page_table"};

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory& physical, const VmcoreInfo& info,
                                    std::span<const std::uint64_t> values) {
    constexpr std::uint64_t gap = 8u << 20, guard = 2 * 4096;
    const std::uint64_t high_memory = values[0], pkmap_table = values[1];
    const auto tables = find_tables(physical, info);
    if (!tables) return fail(tables.error());
    if (high_memory < tables->page_offset || pkmap_table < tables->page_offset)
        return fail(ErrorCode::NotFound,
                    "this kernel maps no high memory, by which the end of its vmalloc space is told");
    const std::uint64_t start = high_memory + gap;
    const auto end = address_of_table(physical, tables->params, start, pkmap_table - tables->page_offset);
    if (!end) return fail(end.error());
    if (*end < start + guard) return fail(ErrorCode::Corrupt, "vmalloc space ends before it starts", *end);
    return *end - guard - start;
}

std::optional<Prstatus> prstatus(Bytes desc, Endian) {
    return parse_prstatus(desc);
}
std::optional<HypervisorCpu> qemu_cpu(Bytes desc, Endian) {
    return parse_qemu_cpu(desc);
}
std::optional<Registers> pt_regs(Bytes bytes, Endian, std::uint64_t address) {
    return parse_pt_regs(bytes, address);
}

constexpr SavedContext switched_out[] = {
    // struct inactive_task_frame (arch/x86/include/asm/switch_to.h): flags, si, di, bx, bp, ret_addr; 4.9
    // (0100301bfdf5).
    {"inactive_task_frame", {nullptr, "ret_addr", 20}, {nullptr, "bp", 16}},
    // Before, switch_to() pushed flags and bp, and kept in the task where it goes on.
    {nullptr, {"thread.ip"}, {nullptr, nullptr, 0}, nullptr, 8},
};

constexpr std::uint64_t stack_size = 8 * 1024;  // THREAD_SIZE

// arch/x86/kernel/irq_32.c: pointers to the lowest address. hardirq_stack_ptr since 5.2 (66c7ceb47f62; a
// member of pcpu_hot from 6.2 to 6.14), hardirq_stack since 3.15 (198d208df437), before that a stack with a
// thread_info; with stacks of 4 KiB hardirq_stack was that stack itself (2.6.32).
constexpr StackPlace::Form bottom = StackPlace::Form::PointsToBottom;
constexpr StackPlace hardirq_stack[] = {
    {"pcpu_hot", "pcpu_hot", "hardirq_stack_ptr", bottom},
    {"hardirq_stack_ptr", nullptr, nullptr, bottom},
    {"hardirq_ctx", nullptr, nullptr, bottom},
    {"hardirq_stack", nullptr, nullptr, bottom},
};
constexpr StackPlace softirq_stack[] = {
    {"softirq_stack_ptr", nullptr, nullptr, bottom},
    {"softirq_ctx", nullptr, nullptr, bottom},
    {"softirq_stack", nullptr, nullptr, bottom},
};
// 4.19 (45d7b255747c).
constexpr StackPlace entry_stack[] = {{"cpu_tss_rw", "tss_struct", "x86_tss.sp0"}};

constexpr CpuStack cpu_stacks[] = {
    {"interrupt stack", hardirq_stack, StackKind::Irq, "irq_stack", false},
    {"soft interrupt stack", softirq_stack, StackKind::Irq, "irq_stack", false},
    {nullptr, entry_stack, StackKind::Entry, "entry_stack", true},
};

// arch/x86/mm/pat/set_memory.c, arch_report_meminfo(): two levels of tables have entries half as wide.
std::span<const DirectMapLine> direct_map_lines(const VmcoreInfo& info) {
    static constexpr DirectMapLine two_levels[] = {{"DirectMap4k", 1, 4}, {"DirectMap4M", 2, 4096}};
    static constexpr DirectMapLine pae[] = {
        {"DirectMap4k", 1, 4}, {"DirectMap2M", 2, 2048}, {"DirectMap1G", 3, 1u << 20, "direct_gbpages"}};
    if (info.string("CONFIG_X86_PAE") == "y") return pae;
    return two_levels;
}

}  // namespace

const Arch arch = {
    .name = "i386",
    .elf_machine = EM_386,
    .word_size = 4,
    .plain_char_is_signed = true,
    .memory = {.map_kernel = map_kernel,
               .map_user = map_user,
               .swap_entries = swap_entries,
               .page_entry = page_entry,
               .level_name = level_name_of,
               .direct_map_lines = direct_map_lines,
               .direct_map_end = "high_memory",
               .direct_map_pages = "max_low_pfn",
               .lowest_kernel_address = lowest_page_offset,
               .user_end = page_offsets[0],
               .lowest_code_address = lowest_page_offset,
               .vmalloc_variables = vmalloc_variables,
               .vmalloc_bytes = vmalloc_bytes},
    .registers = &register_file,
    .notes = {prstatus, "QEMU", qemu_cpu},
    .frames = {pt_regs_size, pt_regs},
    .saved_sp = "thread.sp",
    .switched_out = switched_out,
    .stacks = {stack_size, cpu_stacks},
    // An entry clears the highest bit of a frame pointer that points at the registers of an exception
    // (ENCODE_FRAME_POINTER in arch/x86/entry/entry_32.S).
    .code = {x86::call_sites, {0, 4, 1u << 31, 0}, {}, nullptr, x86::resting_functions, x86::has_frame},
    .faults = x86::fault_words("EIP: "),
    .hardware = x86::hardware,
    .vectors = {"idt_table", 256, 8, x86::gate_handler},
    .disassembler = [](Endian) { return x86::make_disassembler_32(); },
};

}  // namespace postmortem::i386
