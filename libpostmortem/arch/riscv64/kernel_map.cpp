#include "arch/riscv64/kernel_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "arch/page_size.h"
#include "arch/riscv64/page_tables.h"
#include "base/checked.h"

namespace postmortem::riscv64 {
namespace {

constexpr std::uint64_t page_size = 4096;
// The kernel is loaded at a multiple of 2 MiB (Documentation/arch/riscv/boot-image-header.rst).
constexpr std::uint64_t image_alignment = 2u << 20;
// More than any image has, where the place of modules does not tell its end.
constexpr std::uint64_t largest_image = 64u << 20;

std::optional<std::uint64_t> bit_pattern(const VmcoreInfo& info, std::string_view name) {
    const auto value = info.number(name);
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

Result<unsigned> address_bits(const DumpFile& dump, const VmcoreInfo& info) {
    const auto va_bits = info.number("VA_BITS");
    if (!va_bits)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell how long addresses are (NUMBER(VA_BITS) is absent)");
    if (*va_bits != 39 && *va_bits != 48 && *va_bits != 57)
        return fail(*va_bits < 1 || *va_bits > 64 ? ErrorCode::Corrupt : ErrorCode::Unsupported,
                    fmt::format("page tables for addresses of {} bits (NUMBER(VA_BITS) in VMCOREINFO) cannot "
                                "be followed: there are such for 39, 48 and 57",
                                *va_bits));
    if (const auto page = page_size_of(dump, info, page_size); !page) return fail(page.error());
    return static_cast<unsigned>(*va_bits);
}

// Where the tables map themselves to the place from which they were read, that is the right one.
bool map_themselves(const PhysicalMemory& physical, const Result<unsigned>& va_bits, std::uint64_t tables,
                    std::uint64_t root) {
    if (!va_bits) return false;
    const auto mapped = make_walker(physical, {root, *va_bits})->walk(tables);
    return mapped && mapped->paddr == root;
}

// From addresses of the image to physical ones. Older kernels do not tell va_kernel_pa_offset: there the
// image lay where phys_ram_base says or, once the firmware's memory was mapped too (6.4), 2 MiB further.
Result<std::uint64_t> image_offset(const PhysicalMemory& physical, const VmcoreInfo& info,
                                   const Result<unsigned>& va_bits) {
    if (const auto told = bit_pattern(info, "va_kernel_pa_offset")) return *told;
    const auto link = bit_pattern(info, "KERNEL_LINK_ADDR"), ram = bit_pattern(info, "phys_ram_base");
    if (!link || !ram)
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("VMCOREINFO does not tell where the page tables are "
                                "(NUMBER(va_kernel_pa_offset) and NUMBER({}) are absent)",
                                link ? "phys_ram_base" : "KERNEL_LINK_ADDR"));
    const std::uint64_t plain = *link - *ram, behind_firmware = plain - image_alignment;
    const auto tables = info.symbol("swapper_pg_dir");
    return tables && map_themselves(physical, va_bits, *tables, *tables - behind_firmware) ? behind_firmware
                                                                                           : plain;
}

// Modules end where the image begins, and begin 2 GiB before it ends.
std::uint64_t image_size(const VmcoreInfo& info, std::uint64_t start) {
    const auto modules = bit_pattern(info, "MODULES_VADDR");
    const std::uint64_t end = modules ? *modules + (std::uint64_t{2} << 30) : 0;
    return end > start ? std::min(end - start, largest_image) : largest_image;
}

void add_image(KernelMapping& mapping, const VmcoreInfo& info, std::uint64_t text, std::uint64_t offset,
               std::uint64_t memory_end) {
    const std::uint64_t first = align_down(text, image_alignment), paddr = first - offset;
    if (paddr >= memory_end) return;
    const auto last = checked_add(first, std::min(image_size(info, first), memory_end - paddr) - 1);
    if (last) mapping.linear.push_back({first, *last, paddr});
}

void add_linear_map(KernelMapping& mapping, const VmcoreInfo& info, std::uint64_t memory_end) {
    const auto start = bit_pattern(info, "PAGE_OFFSET"), ram = bit_pattern(info, "phys_ram_base");
    if (!start || !ram || *ram >= memory_end || *start % page_size != 0 || *ram % page_size != 0) return;
    const auto last = checked_add(*start, memory_end - *ram - 1);
    if (last) mapping.all_memory = {*start, *last, *ram};
}

Result<std::unique_ptr<PageTableWalker>> kernel_tables(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                       const Result<unsigned>& va_bits,
                                                       const Result<std::uint64_t>& offset) {
    const auto tables = info.symbol("swapper_pg_dir");
    if (!tables)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell where the page tables are (SYMBOL(swapper_pg_dir) is absent)");
    if (!va_bits) return fail(va_bits.error());
    if (!offset) return fail(offset.error());
    return make_walker(physical, {*tables - *offset, *va_bits});
}

}  // namespace

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const DumpFile& dump = physical.dump();
    const auto va_bits = address_bits(dump, info);
    const auto offset = image_offset(physical, info, va_bits);
    KernelMapping mapping{kernel_tables(physical, info, va_bits, offset), {}};
    const auto memory_end = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!memory_end || *memory_end == 0) return mapping;
    const auto text = info.symbol("_stext"), image = text ? text : info.symbol("swapper_pg_dir");
    if (image && offset) add_image(mapping, info, *image, *offset, *memory_end);
    add_linear_map(mapping, info, *memory_end);
    return mapping;
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root) {
    const auto va_bits = address_bits(physical.dump(), info);
    if (!va_bits) return fail(va_bits.error());
    return make_walker(physical, {root, *va_bits, true});
}

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory&, const VmcoreInfo& info,
                                    std::span<const std::uint64_t>) {
    const auto start = bit_pattern(info, "VMALLOC_START"), end = bit_pattern(info, "VMALLOC_END");
    if (!start || !end)
        return fail(ErrorCode::NotFound, "VMCOREINFO does not tell where vmalloc space begins and ends");
    if (*end <= *start) return fail(ErrorCode::Corrupt, "vmalloc space ends before it starts", *end);
    return *end - *start;
}

// The array begins with the frame vmemmap_start_pfn (arch/riscv/mm/init.c), in kernels without that variable
// with the first one of memory.
std::optional<std::uint64_t> page_structs(const VmcoreInfo& info, std::optional<std::uint64_t> first,
                                          std::uint64_t size) {
    const auto start = bit_pattern(info, "VMEMMAP_START"), ram = bit_pattern(info, "phys_ram_base");
    if (!start || (!first && !ram)) return std::nullopt;
    const auto before = checked_mul(first ? *first : *ram / page_size, size);
    return before && *before <= *start ? std::optional(*start - *before) : std::nullopt;
}

bool recognises(const VmcoreInfo& info) {
    return info.number("phys_ram_base") && info.number("VA_BITS");
}

}  // namespace postmortem::riscv64
