#include "kernel/mm/page_map.h"

#include <bit>

#include "kernel/mm/memory_sections.h"

namespace postmortem {
namespace {

// The flags in the low bits of section_mem_map: six at most (SECTION_MAP_MASK).
constexpr std::uint64_t section_flags = 0x3f;
constexpr std::uint64_t largest_struct_page = 256;

}  // namespace

Result<PageMap> PageMap::open(const Kernel& kernel) {
    const VmcoreInfo& info = kernel.vmcoreinfo();
    const auto unknown = [](const char* what) {
        return fail(ErrorCode::Unsupported,
                    std::string("which struct page stands for which memory is not known: ") + what);
    };
    const auto roots = info.symbol("mem_section"), count = info.length("mem_section");
    const auto section = info.size("mem_section"), offset = info.offset("mem_section.section_mem_map");
    const auto bits = section_size_bits(kernel);
    if (!roots || !count || !section || !offset || *section == 0)
        return unknown("VMCOREINFO tells of no sections");
    const std::uint64_t page = kernel.dump().page_size();
    if (!bits) return unknown(bits.error().message.c_str());
    if (!std::has_single_bit(page)) return unknown("the size of a page is impossible");
    const auto size = kernel.types().size_of("page");
    if (!size) return fail(size.error());
    const auto compound = CompoundPages::find(kernel);
    if (!compound) return fail(compound.error());
    if (*size == 0 || *size > largest_struct_page || page < *section)
        return unknown("its size is impossible");
    PageMap map(kernel.memory(), *compound);
    map.page_shift_ = static_cast<std::uint64_t>(std::countr_zero(page));
    map.page_size_ = *size;
    map.roots_ = *roots;
    map.root_count_ = *count;
    map.sections_per_root_ = page / *section;
    map.section_size_ = *section;
    map.map_offset_ = *offset;
    map.section_bits_ = *bits;
    return map;
}

Result<std::uint64_t> PageMap::page_at(std::uint64_t paddr) const {
    const std::uint64_t number = paddr >> section_bits_, root = number / sections_per_root_;
    const auto none = [&] { return fail(ErrorCode::NotFound, "no memory is there", paddr); };
    if (root >= root_count_) return none();
    const auto sections = memory_.word(roots_ + root * memory_.word_size());
    if (!sections) return fail(sections.error());
    if (*sections == 0) return none();
    const auto coded = memory_.word(*sections + number % sections_per_root_ * section_size_ + map_offset_);
    if (!coded) return fail(coded.error());
    if ((*coded & ~section_flags) == 0) return none();
    return (*coded & ~section_flags) + (paddr >> page_shift_) * page_size_;
}

}  // namespace postmortem
