// VMCOREINFO where the dump has no note of it: the kernel keeps the text in its memory, from boot on
// (kernel/vmcore_info.c, kernel/crash_core.c before 6.9; vmcoreinfo_data).
#pragma once

#include <string>
#include <vector>

#include "dump/dump_file.h"

namespace postmortem {

struct MemoryVmcoreInfo {
    std::uint64_t paddr = 0;
    std::string text;
};

/// Every text in memory that reads like one, the longest first, each once: there may be others than the
/// kernel's, such as one of the kernel that ran before. Reads all of memory, on all cores.
std::vector<MemoryVmcoreInfo> find_vmcoreinfo(const DumpFile& dump);

}  // namespace postmortem
