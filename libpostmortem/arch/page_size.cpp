#include "arch/page_size.h"

#include <bit>

#include <fmt/format.h>

namespace postmortem {
namespace {

// "4096, 16384 or 65536"
std::string alternatives(std::uint32_t sizes) {
    std::string text;
    for (std::uint32_t left = sizes; left != 0; left &= left - 1) {
        const std::uint32_t size = left & -left;
        const bool first = left == sizes, last = left == size;
        text += fmt::format("{}{}", first ? "" : last ? " or " : ", ", size);
    }
    return text;
}

}  // namespace

Result<std::uint64_t> page_size_of(const DumpFile& dump, const VmcoreInfo& info, std::uint32_t sizes) {
    const auto told = info.decimal("PAGESIZE");
    const std::uint64_t size = told.value_or(dump.page_size());
    if (std::has_single_bit(size) && (size & sizes) != 0) return size;
    return fail(
        ErrorCode::Unsupported,
        fmt::format("page tables for pages of {} bytes ({}) cannot be followed: there are such for {}", size,
                    told ? "PAGESIZE in VMCOREINFO" : "by the dump's headers", alternatives(sizes)));
}

}  // namespace postmortem
