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

/// Where the kernel keeps them: in roots of a page each that a table of pointers names, or in that table
/// (CONFIG_SPARSEMEM_STATIC: i386), which is then as many roots of one section each.
struct SectionTable {
    std::uint64_t address = 0;
    std::uint64_t roots = 0, per_root = 1;
    bool has_pointers = true;
    std::uint64_t bytes_of_each = 0;  ///< of a struct mem_section
    std::uint64_t size_bits = 0;      ///< of memory, of each section

    /// Where the section of this number is; 0 where there is none.
    Result<std::uint64_t> section(const AddressSpace& memory, std::uint64_t number) const;
};

/// Unsupported where the kernel keeps none, or nothing tells how large they are: VMCOREINFO does since 5.8
/// (1d50e5d0c505); before, the architecture has ever had one size, or memory's last frame lies in the last.
Result<SectionTable> find_section_table(const Kernel& kernel);

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
