#include "arch/ppc64/kernel_map.h"

#include <array>
#include <bit>
#include <charconv>

#include <fmt/format.h>

#include "arch/page_size.h"
#include "arch/ppc64/page_tables.h"
#include "arch/ppc64/struct_pages.h"
#include "base/checked.h"

namespace postmortem::ppc64 {
namespace {

// All of memory is mapped there, the kernel in it, wherever it was loaded (arch/powerpc/include/asm/page.h).
constexpr std::uint64_t linear_map = 0xcull << 60;

std::uint64_t physical_of(std::uint64_t vaddr) {
    return vaddr & ~(0xfull << 60);
}

Result<unsigned> page_shift_of(const DumpFile& dump, const VmcoreInfo& info) {
    return page_size_of(dump, info, page_sizes).map([](std::uint64_t size) {
        return static_cast<unsigned>(std::countr_zero(size));
    });
}

// Linux's own tree beside the hash had another shape until 4.17 (f384796c40dc), and nothing tells it.
bool has_older_tree(const VmcoreInfo& info) {
    const std::string_view release = info.string("OSRELEASE").value_or("");
    unsigned major = 0, minor = 0;
    const char* const end = release.data() + release.size();
    const auto first = std::from_chars(release.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) return false;
    return major < 4 || (major == 4 && minor < 17);
}

// RADIX_MMU: since 6.7.
Result<PageTableParams> kernel_tables(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const auto tables = info.symbol("swapper_pg_dir");
    if (!tables)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell where the page tables are (SYMBOL(swapper_pg_dir) is absent)");
    const auto shift = page_shift_of(physical.dump(), info);
    if (!shift) return fail(shift.error());
    PageTableParams params{physical_of(*tables), *shift, Mmu::Radix, false};
    if (const auto radix = info.number("RADIX_MMU")) {
        params.mmu = *radix != 0 ? Mmu::Radix : Mmu::Hash;
    } else {
        const auto seen = mmu_of(physical, params.root);
        if (!seen)
            return fail(seen.error().code,
                        fmt::format("SYMBOL(swapper_pg_dir)={:x} in VMCOREINFO leads to no page tables: "
                                    "the top page table cannot be read: {}",
                                    *tables, seen.error().message),
                        seen.error().address);
        params.mmu = seen->value_or(Mmu::Hash);
    }
    if (params.mmu == Mmu::Hash && has_older_tree(info))
        return fail(
            ErrorCode::Unsupported,
            fmt::format("the page tables of a kernel before 4.17 (OSRELEASE={} in VMCOREINFO) that uses a "
                        "hash cannot be followed: nothing tells their shape",
                        info.string("OSRELEASE").value_or("")));
    return params;
}

// With a hash neither memory's linear map nor the page structs are in Linux's tree.
class BesideHash final : public PageTableWalker {
  public:
    BesideHash(const PhysicalMemory& physical, const PageTableParams& params, std::uint64_t memory_bytes,
               Result<std::vector<MappedPiece>> page_structs)
        : tree_(make_walker(physical, params)),
          page_bytes_(std::uint64_t{1} << params.page_shift),
          memory_bytes_(memory_bytes),
          page_structs_(std::move(page_structs)) {}

    Result<Translation> walk(std::uint64_t vaddr) const override {
        if (vaddr >= linear_map && vaddr - linear_map < memory_bytes_)
            return Translation{vaddr - linear_map, page_bytes_};
        auto mapped = tree_->walk(vaddr);
        if (mapped || mapped.error().code != ErrorCode::NotMapped) return mapped;
        if (!page_structs_)
            return fail(page_structs_.error().code,
                        fmt::format("{}, and what else is mapped is not known: {}", mapped.error().message,
                                    page_structs_.error().message),
                        vaddr);
        for (const MappedPiece& piece : *page_structs_)
            if (vaddr >= piece.vaddr && vaddr - piece.vaddr < piece.bytes)
                return Translation{piece.paddr + (vaddr - piece.vaddr), page_bytes_};
        return mapped;
    }
    Result<std::uint64_t> last_entry(std::uint64_t vaddr) const override { return tree_->last_entry(vaddr); }
    Result<TableWalk> steps(std::uint64_t vaddr) const override { return tree_->steps(vaddr); }

  private:
    std::unique_ptr<PageTableWalker> tree_;
    std::uint64_t page_bytes_, memory_bytes_;
    Result<std::vector<MappedPiece>> page_structs_;
};

Result<std::unique_ptr<PageTableWalker>> kernel_walker(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                       std::uint64_t memory_bytes) {
    const auto params = kernel_tables(physical, info);
    if (!params) return fail(params.error());
    if (const auto seen = mmu_of(physical, params->root); seen && *seen && **seen != params->mmu)
        return fail(
            ErrorCode::Corrupt,
            fmt::format("NUMBER(RADIX_MMU)={} in VMCOREINFO contradicts the top page table, which is {}",
                        info.number("RADIX_MMU").value_or(0),
                        **seen == Mmu::Radix ? "a radix tree's" : "of a tree beside a hash"),
            params->root);
    if (params->mmu == Mmu::Radix) return make_walker(physical, *params);
    return std::make_unique<BesideHash>(physical, *params, memory_bytes, mapped_page_structs(physical, info));
}

}  // namespace

KernelMapping map_kernel(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const DumpFile& dump = physical.dump();
    const std::uint64_t memory_bytes =
        checked_mul(dump.info().max_pfn, std::uint64_t{dump.page_size()}).value_or(0);
    KernelMapping mapping{kernel_walker(physical, info, memory_bytes), {}};
    if (memory_bytes != 0 && memory_bytes <= std::uint64_t{1} << 52)
        mapping.all_memory = {linear_map, linear_map + memory_bytes - 1, 0};
    return mapping;
}

Result<std::unique_ptr<PageTableWalker>> map_user(const PhysicalMemory& physical, const VmcoreInfo& info,
                                                  std::uint64_t root) {
    auto params = kernel_tables(physical, info);
    if (!params) return fail(params.error());
    params->root = root;
    params->user = true;
    return make_walker(physical, *params);
}

std::optional<Endian> byte_order(const PhysicalMemory& physical, const VmcoreInfo& info) {
    constexpr std::uint64_t field = 65, machine = 4;  // struct new_utsname
    const auto uts = info.symbol("init_uts_ns");
    if (!uts) return std::nullopt;
    const std::uint64_t place = physical_of(*uts) + info.offset("uts_namespace.name").value_or(0);
    std::array<std::byte, field> raw;
    if (!physical.read(place + machine * field, raw)) return std::nullopt;
    const std::string_view told = until_nul(as_text(raw));
    if (told == "ppc64le") return Endian::Little;
    return told == "ppc64" ? std::optional(Endian::Big) : std::nullopt;
}

Result<std::uint64_t> vmalloc_bytes(const PhysicalMemory&, const VmcoreInfo&,
                                    std::span<const std::uint64_t> values) {
    const std::uint64_t start = values[0], end = values[1];
    if (start == 0 || end == 0)
        return fail(ErrorCode::NotFound, "this kernel does not tell where vmalloc space begins and ends");
    if (end <= start) return fail(ErrorCode::Corrupt, "vmalloc space ends before it starts", end);
    return end - start;
}

// The variable holds where the struct of frame 0 lies or would lie.
std::optional<std::uint64_t> page_structs(const VmcoreInfo&, std::optional<std::uint64_t> first,
                                          std::uint64_t) {
    return first;
}

bool recognises(const VmcoreInfo& info) {
    return info.symbol("mmu_psize_defs") && info.symbol("vmemmap_list");
}

}  // namespace postmortem::ppc64
