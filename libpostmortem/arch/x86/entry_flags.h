// The bits of page-table entries, by crash's names for them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace postmortem::x86 {

/// Intel SDM volume 3A, chapter 4.5; Linux: arch/x86/include/asm/pgtable_types.h.
std::vector<std::string_view> entry_flags(std::uint64_t entry);

}  // namespace postmortem::x86
