// The size of pages and the order of bytes of the kernel that a dump is of, where who wrote the dump may not
// have known them.
#pragma once

#include <cstdint>
#include <optional>

#include "arch/arch.h"

namespace postmortem {

struct MemoryForm {
    std::uint32_t page_size = 0;
    Endian endian = Endian::Little;
};

/// Nothing where the dump has its form, or nothing tells of another one that this architecture can have.
std::optional<MemoryForm> other_memory_form(const Arch& arch, const PhysicalMemory& physical,
                                            const VmcoreInfo& info);

}  // namespace postmortem
