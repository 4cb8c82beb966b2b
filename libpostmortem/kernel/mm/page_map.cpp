#include "kernel/mm/page_map.h"

#include <bit>

namespace postmortem {
namespace {

constexpr std::uint64_t largest_struct_page = 256;

}  // namespace

Result<PageMap> PageMap::open(const Kernel& kernel) {
    const VmcoreInfo& info = kernel.vmcoreinfo();
    const auto unknown = [](const char* what) {
        return fail(ErrorCode::Unsupported,
                    std::string("which struct page stands for which memory is not known: ") + what);
    };
    const auto offset = info.offset("mem_section.section_mem_map");
    if (!info.symbol("mem_section") || !info.size("mem_section") || !offset)
        return unknown("VMCOREINFO tells of no sections");
    const auto sections = find_section_table(kernel);
    if (!sections) return unknown(sections.error().message.c_str());
    const std::uint64_t page = kernel.dump().page_size();
    if (!std::has_single_bit(page)) return unknown("the size of a page is impossible");
    const auto size = kernel.types().size_of("page");
    if (!size) return fail(size.error());
    const auto compound = CompoundPages::find(kernel);
    if (!compound) return fail(compound.error());
    if (*size == 0 || *size > largest_struct_page) return unknown("its size is impossible");
    PageMap map(kernel.memory(), *compound);
    map.page_shift_ = static_cast<std::uint64_t>(std::countr_zero(page));
    map.page_size_ = *size;
    map.sections_ = *sections;
    map.map_offset_ = *offset;
    return map;
}

Result<std::uint64_t> PageMap::page_at(std::uint64_t paddr) const {
    const auto none = [&] { return fail(ErrorCode::NotFound, "no memory is there", paddr); };
    const auto section = sections_.section(memory_, paddr >> sections_.size_bits);
    if (!section) return fail(section.error());
    if (*section == 0) return none();
    const auto coded = memory_.word(*section + map_offset_);
    if (!coded) return fail(coded.error());
    const std::uint64_t map = *coded & ~MemorySection::flag_mask;
    return map == 0 ? none() : Result<std::uint64_t>(map + (paddr >> page_shift_) * page_size_);
}

}  // namespace postmortem
