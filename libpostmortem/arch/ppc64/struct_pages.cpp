#include "arch/ppc64/struct_pages.h"

#include <array>

#include "base/checked.h"

namespace postmortem::ppc64 {
namespace {

// A piece has the page structs of 16 MiB / sizeof(struct page) frames at least.
constexpr std::size_t most_pieces = 1u << 20;

// List and sizes lie in the linear map.
Result<std::uint64_t> word_at(const PhysicalMemory& physical, std::uint64_t vaddr) {
    if (vaddr >> 60 != 0xc) return fail(ErrorCode::Corrupt, "not an address of the linear map", vaddr);
    return physical.get<std::uint64_t>(vaddr & ~(0xfull << 60));
}

// The size of each piece: mmu_psize_defs[mmu_vmemmap_psize].shift.
Result<std::uint64_t> piece_bytes(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const auto kinds = info.symbol("mmu_psize_defs"), chosen = info.symbol("mmu_vmemmap_psize");
    const auto size = info.size("mmu_psize_def"), shift_at = info.offset("mmu_psize_def.shift");
    if (!kinds || !chosen || !size || !shift_at)
        return fail(ErrorCode::MissingDebugInfo,
                    "VMCOREINFO does not tell the size of pages of page structs");
    constexpr std::uint64_t most_kinds = 64;
    const auto kind = physical.get<std::uint32_t>(*chosen & ~(0xfull << 60));
    if (!kind) return fail(kind.error());
    if (*kind >= most_kinds || *size > 4096 || *shift_at > *size)
        return fail(ErrorCode::Corrupt, "the size of pages of page structs is impossible", *chosen);
    const auto shift = physical.get<std::uint32_t>((*kinds + *kind * *size + *shift_at) & ~(0xfull << 60));
    if (!shift) return fail(shift.error());
    if (*shift < 12 || *shift > 40)
        return fail(ErrorCode::Corrupt, "the size of pages of page structs is impossible", *kinds);
    return std::uint64_t{1} << *shift;
}

}  // namespace

Result<std::vector<MappedPiece>> mapped_page_structs(const PhysicalMemory& physical, const VmcoreInfo& info) {
    const auto list = info.symbol("vmemmap_list");
    const std::array members = {info.offset("vmemmap_backing.list"), info.offset("vmemmap_backing.phys"),
                                info.offset("vmemmap_backing.virt_addr")};
    if (!list || !members[0] || !members[1] || !members[2])
        return fail(ErrorCode::MissingDebugInfo, "VMCOREINFO does not tell where page structs are mapped");
    const auto bytes = piece_bytes(physical, info);
    if (!bytes) return fail(bytes.error());
    std::vector<MappedPiece> pieces;
    auto node = word_at(physical, *list);
    while (node && *node != 0) {
        if (pieces.size() == most_pieces)
            return fail(ErrorCode::Corrupt, "the list of mapped page structs does not end", *node);
        const auto next = word_at(physical, *node + *members[0]);
        const auto paddr = word_at(physical, *node + *members[1]);
        const auto vaddr = word_at(physical, *node + *members[2]);
        if (!next || !paddr || !vaddr)
            return fail(!next ? next.error() : !paddr ? paddr.error() : vaddr.error());
        pieces.push_back({*vaddr, *paddr, *bytes});
        node = *next;
    }
    if (!node) return fail(node.error());
    return pieces;
}

}  // namespace postmortem::ppc64
