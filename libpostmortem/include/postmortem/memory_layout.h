// Free memory, the nodes and sections of memory, and every page: `kmem -f -F`, `kmem -n`, `kmem -p`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/kernel_memory.h>

namespace postmortem {

struct FreeMemory {
    std::uint32_t page_bytes = 4096;
    std::uint32_t nodes = 0;
    std::vector<FreeZone> zones;
    std::optional<std::uint64_t> counted;  ///< pages on all lists
    std::optional<std::uint64_t> free;     ///< pages, by the counters
    bool with_pages = false;               ///< the lists name their blocks
    Problems problems;
};

struct NodeZone {
    std::uint64_t address = 0;
    std::uint32_t index = 0;
    std::string name;
    std::uint64_t size = 0, start_pfn = 0;
    std::optional<std::uint64_t> mem_map;  ///< 0 where it spans nothing; absent where it is not known
};

struct NodeRow {
    std::uint32_t id = 0;
    std::uint64_t address = 0, size = 0;  ///< of its pglist_data; pages
    std::uint64_t start_pfn = 0;
    std::optional<std::uint64_t> mem_map;  ///< absent where it is not known
    std::vector<NodeZone> zones;
};

/// A stretch of memory whose page structs lie side by side (struct mem_section, include/linux/mmzone.h).
struct SectionRow {
    std::uint64_t number = 0, address = 0;
    std::uint64_t coded_mem_map = 0, mem_map = 0;
    std::string state;  ///< one letter for each flag: P M O E D
    std::uint64_t first_pfn = 0;
};

/// What can be plugged in and out as one (struct memory_block, include/linux/memory.h).
struct MemoryBlockRow {
    std::uint64_t address = 0;
    std::string name;                  ///< "memory0"
    std::uint64_t first = 0, last = 0;  ///< physical
    std::int64_t node = 0;
    std::string state;
    std::uint64_t start_section = 0;
};

struct MemoryLayoutReport {
    std::uint32_t page_bytes = 4096;
    std::vector<NodeRow> nodes;
    std::vector<SectionRow> sections;
    std::vector<MemoryBlockRow> blocks;
    Problems problems;
};

/// All pages of which the kernel keeps a struct page.
struct PageList {
    std::vector<PageRow> pages;
    Problems problems;
};

/// Never fails as a whole: what could not be had is in `problems`. `with_pages`: -F.
POSTMORTEM_API FreeMemory free_memory(const CrashDump& dump, bool with_pages = false);
POSTMORTEM_API MemoryLayoutReport memory_layout(const CrashDump& dump);
POSTMORTEM_API PageList page_list(const CrashDump& dump);
/// One by one, in little memory, in the order of their frames, until `visit` returns false; what is missing is returned.
POSTMORTEM_API Problems visit_pages(const CrashDump& dump, const std::function<bool(const PageRow&)>& visit);

POSTMORTEM_API std::string to_text(const FreeMemory& memory);
POSTMORTEM_API std::string to_text(const MemoryLayoutReport& layout);
POSTMORTEM_API std::string to_text(const PageList& pages);
POSTMORTEM_API std::string page_list_heading();
POSTMORTEM_API std::string page_list_line(const PageRow& row);
POSTMORTEM_API std::string to_json(const FreeMemory& memory);
POSTMORTEM_API std::string to_json(const MemoryLayoutReport& layout);
POSTMORTEM_API std::string to_json(const PageList& pages);

}  // namespace postmortem
