// The sections that page structs are kept by: struct mem_section (include/linux/mmzone.h, CONFIG_SPARSEMEM).
#pragma once

#include <functional>

#include "kernel/kernel.h"

namespace postmortem {

struct MemorySection {
    std::uint64_t number = 0;
    std::uint64_t address = 0;
    std::uint64_t word =
        0;  ///< section_mem_map: where its page structs would start if frame 0 were its first, and flags
    std::uint64_t first_pfn = 0;

    static constexpr std::uint64_t flag_mask = 0x3f;
    std::uint64_t coded_mem_map() const { return word & ~flag_mask; }
};

struct MemorySections {
    std::uint64_t pages_of_each = 0;
    std::vector<MemorySection> present;  ///< those with page structs, ascending
    Problems problems;                   ///< of what could not be read of them
};

/// SECTION_SIZE_BITS, which VMCOREINFO tells since 5.8 (1d50e5d0c505); before, the architecture's own number
/// where that has never changed. Unsupported where neither is known.
Result<std::uint64_t> section_size_bits(const Kernel& kernel);

/// Unsupported where the kernel keeps none, or it is not known how large they are.
Result<MemorySections> read_memory_sections(const Kernel& kernel);

/// CONFIG_FLATMEM (i386, for the most part): there are no sections, but one array of page structs for the one
/// node.
bool has_flat_memory_map(const Kernel& kernel);

/// The frames that have page structs, ascending: those of the sections, or of the one node.
struct FramesWithPages {
    struct Run {
        std::uint64_t first = 0, count = 0;
    };
    std::vector<Run> runs;
    Problems problems;  ///< of what could not be read of them
};
/// Errors: those of read_memory_sections(), or of the nodes.
Result<FramesWithPages> frames_with_pages(const Kernel& kernel);

}  // namespace postmortem
