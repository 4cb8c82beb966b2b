#include "arch/page_size.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {

namespace {

// "4096, 16384 or 65536"
std::string alternatives(std::initializer_list<std::uint64_t> sizes) {
    std::string text;
    for (const std::uint64_t& size : sizes)
        text += fmt::format("{}{}",
                            &size == sizes.begin()     ? ""
                            : &size + 1 == sizes.end() ? " or "
                                                       : ", ",
                            size);
    return text;
}

}  // namespace

Result<std::uint64_t> page_size_of(const DumpFile& dump, const VmcoreInfo& info,
                                   std::initializer_list<std::uint64_t> sizes) {
    const auto told = info.decimal("PAGESIZE");
    const std::uint64_t size = told.value_or(dump.page_size());
    if (std::find(sizes.begin(), sizes.end(), size) != sizes.end()) return size;
    return fail(
        ErrorCode::Unsupported,
        fmt::format("page tables for pages of {} bytes ({}) cannot be followed: there are such for {}", size,
                    told ? "PAGESIZE in VMCOREINFO" : "by the dump's headers", alternatives(sizes)));
}

}  // namespace postmortem
