// How large the kernel's pages are, for page tables that come in several sizes.
#pragma once

#include <cstdint>

#include "dump/dump_file.h"
#include "dump/vmcoreinfo.h"

namespace postmortem {

/// By VMCOREINFO, else by the dump's headers; one of `sizes` (MemoryLayout::page_sizes). Errors: Unsupported,
/// naming what was said.
Result<std::uint64_t> page_size_of(const DumpFile& dump, const VmcoreInfo& info, std::uint32_t sizes);

}  // namespace postmortem
