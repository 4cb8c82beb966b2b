#include "arch/arm64/kernel_map.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "arch/arm64/page_tables.h"
#include "arch/page_size.h"
#include "base/checked.h"

namespace postmortem::arm64 {
namespace {

constexpr std::int64_t least_va_bits = 36, most_va_bits = 52;
// More than any image has. The kernel places it at a multiple of 2 MiB (arch/arm64/include/asm/boot.h) and
// its text at the first pages.
constexpr std::uint64_t largest_image = 64u << 20;
constexpr std::uint64_t image_alignment = 2u << 20;

std::optional<std::uint64_t> bit_pattern(const VmcoreInfo& info, std::string_view name) {
    const auto value = info.number(name);
    return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

struct Shape {
    unsigned page_shift = 0;
    unsigned va_bits = 0;         ///< as built: CONFIG_ARM64_VA_BITS
    unsigned actual_va_bits = 0;  ///< as this machine's CPUs allow
};

// A size of addresses that CONFIG_ARM64_VA_BITS offers for pages of that size, or falls back to.
bool exists(const Shape& shape) {
    for (const auto& [page_shift, va_bits] : {std::pair(12u, 39u),
                                              {12, 48},
                                              {12, 52},
                                              {14, 36},
                                              {14, 47},
                                              {14, 48},
                                              {14, 52},
                                              {16, 42},
                                              {16, 48},
                                              {16, 52}})
        if (shape.page_shift == page_shift && shape.actual_va_bits == va_bits) return true;
    return false;
}

// CONFIG_ARM64_VA_BITS.
Result<unsigned> built_va_bits(const VmcoreInfo& info) {
    const auto va_bits = info.number("VA_BITS");
    if (!va_bits)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell how long addresses are (NUMBER(VA_BITS) is absent)");
    if (*va_bits < least_va_bits || *va_bits > most_va_bits)
        return fail(ErrorCode::Corrupt,
                    fmt::format("page tables for addresses of {} bits (NUMBER(VA_BITS) in VMCOREINFO) cannot "
                                "be followed: kernels are built for {} to {}",
                                *va_bits, least_va_bits, most_va_bits));
    return static_cast<unsigned>(*va_bits);
}

// TCR_EL1.T1SZ since 5.11 (bbdbc11804ff). Before, no kernel had another size than the one it was built for,
// but for those with 64 KiB pages, whose tables are the same for both.
Result<Shape> shape_of(const DumpFile& dump, const VmcoreInfo& info) {
    const auto va_bits = built_va_bits(info);
    if (!va_bits) return fail(va_bits.error());
    const auto page_size = page_size_of(dump, info, page_sizes);
    if (!page_size) return fail(page_size.error());
    const auto t1sz = info.number("TCR_EL1_T1SZ");
    const std::int64_t actual = t1sz ? 64 - *t1sz : std::int64_t{*va_bits};
    const Shape shape{static_cast<unsigned>(std::countr_zero(*page_size)), *va_bits,
                      static_cast<unsigned>(actual)};
    if (!exists(shape)) {
        const std::string told = t1sz ? fmt::format("NUMBER(TCR_EL1_T1SZ)={:#x}", *t1sz)
                                      : fmt::format("NUMBER(VA_BITS)={}", *va_bits);
        return fail(ErrorCode::Unsupported,
                    fmt::format("page tables for pages of {} bytes and addresses as long as {} in VMCOREINFO "
                                "says cannot be followed: no kernel has such",
                                *page_size, told));
    }
    return shape;
}

// 52-bit tables for 64 KiB pages serve 48 bits, too: the root's last entries are the ones in use. Those for
// 4 and 16 KiB lose a level then (6.9).
PageTableParams tables_of(const Shape& shape, std::uint64_t root) {
    const bool large_pages = shape.page_shift == page_shift_64k;
    const unsigned va_bits =
        large_pages ? std::max(shape.va_bits, shape.actual_va_bits) : shape.actual_va_bits;
    return {root, shape.page_shift, va_bits, !large_pages && va_bits == unsigned{most_va_bits}};
}

// Until 5.4 (14c127c957c1) the kernel's image lay in the lower half of its addresses and physical memory in
// the upper one; since then it is the other way round.
std::uint64_t linear_start(unsigned va_bits, std::uint64_t image) {
    const bool image_above = (image >> (va_bits - 1) & 1) != 0;
    return ~std::uint64_t{0} << (image_above ? va_bits : va_bits - 1);
}

// PHYS_OFFSET is what lies at the start of the linear map, or would: where the CPUs fall short of what the
// kernel was built for it is negative.
void add_linear_map(KernelMapping& mapping, std::uint64_t start, std::uint64_t phys_offset,
                    std::uint64_t memory_end) {
    const bool negative = phys_offset >> 63 != 0;
    const std::uint64_t first_paddr = negative ? 0 : phys_offset;
    if (first_paddr >= memory_end) return;
    const std::uint64_t first = start + (first_paddr - phys_offset);
    const auto last = checked_add(first, memory_end - first_paddr - 1);
    if (last) mapping.all_memory = {first, *last, first_paddr};
}

void add_image(KernelMapping& mapping, std::uint64_t text, std::uint64_t voffset, std::uint64_t memory_end) {
    const std::uint64_t first = align_down(text, image_alignment), paddr = first - voffset;
    if (paddr >= memory_end) return;
    const auto last = checked_add(first, std::min(largest_image, memory_end - paddr) - 1);
    if (last) mapping.linear.push_back({first, *last, paddr});
}

Result<std::unique_ptr<PageTableWalker>> kernel_tables(const PhysicalMemory& physical,
                                                       const VmcoreInfo& info) {
    const auto tables = info.symbol("swapper_pg_dir");
    const auto voffset = bit_pattern(info, "kimage_voffset");
    if (!tables || !voffset)
        return fail(ErrorCode::MissingDebugInfo,
                    fmt::format("VMCOREINFO does not tell where the page tables are ({} is absent)",
                                tables ? "NUMBER(kimage_voffset)" : "SYMBOL(swapper_pg_dir)"));
    const auto shape = shape_of(physical.dump(), info);
    if (!shape) return fail(shape.error());
    return make_walker(physical, tables_of(*shape, *tables - *voffset));
}

}  // namespace

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const DumpFile& dump = physical.dump();
    KernelMapping mapping{kernel_tables(physical, info), {}};
    const auto text = info.symbol("_stext"), tables = info.symbol("swapper_pg_dir"),
               image = text ? text : tables;
    const auto memory_end = checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()});
    if (!image || !memory_end || *memory_end == 0) return mapping;
    if (const auto voffset = bit_pattern(info, "kimage_voffset"))
        add_image(mapping, *image, *voffset, *memory_end);
    if (const auto va_bits = built_va_bits(info))
        if (const auto phys_offset = bit_pattern(info, "PHYS_OFFSET"))
            add_linear_map(mapping, linear_start(*va_bits, *image), *phys_offset, *memory_end);
    return mapping;
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root) {
    const auto shape = shape_of(physical.dump(), info);
    if (!shape) return fail(shape.error());
    PageTableParams tables = tables_of(*shape, root);
    tables.user = true;
    return make_walker(physical, tables);
}

// VMALLOC_START and VMALLOC_END: since 5.18 (2369f171d5c5).
Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory&, const VmcoreInfo& info,
                                    std::span<const std::uint64_t>) {
    const auto start = bit_pattern(info, "VMALLOC_START"), end = bit_pattern(info, "VMALLOC_END");
    if (!start || !end)
        return fail(ErrorCode::NotFound, "VMCOREINFO does not tell where vmalloc space begins and ends");
    if (*end <= *start) return fail(ErrorCode::Corrupt, "vmalloc space ends before it starts", *end);
    return *end - *start;
}

std::uint64_t signature_bits(const VmcoreInfo& info) {
    return bit_pattern(info, "KERNELPACMASK").value_or(0);
}

std::uint64_t strip_signature(std::uint64_t word, std::uint64_t bits) {
    constexpr std::uint64_t upper_half = std::uint64_t{1} << 55;
    return (word & upper_half) != 0 ? word | bits : word;
}

bool recognises(const VmcoreInfo& info) {
    return info.number("kimage_voffset") && info.number("VA_BITS");
}

}  // namespace postmortem::arm64
