// The kernel's memory, as the options of `kmem` show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>
#include <postmortem/task_context.h>

namespace postmortem {

/// What is wanted to be known of an address.
enum class AddressPart : std::uint8_t {
    All,
    Page,     ///< -p
    Slab,     ///< -s: the object of a slab cache
    Vmalloc,  ///< -v: the vmalloc area
    Free,     ///< -f: the block of the buddy allocator
};

struct KernelMemoryRequest {
    bool totals = false;      ///< -i
    bool shared = false;      ///< -i=shared: how many pages have several users, too, which takes reading all
    bool slabs = false;       ///< -s
    bool zones = false;       ///< -z
    bool counters = false;    ///< -V
    bool per_cpu = false;     ///< -o
    bool page_flags = false;  ///< -g
    bool huge_pages = false;  ///< -h
    bool vmalloc = false;     ///< -v
    std::vector<std::string> caches;       ///< of the slab allocator: these alone, with `slabs`
    std::vector<std::string> ignored;      ///< -I: caches of which the name alone is told
    bool names_alone = false;              ///< -s list: names and addresses of the caches
    std::optional<std::uint64_t> flags;    ///< with `page_flags`: which of them these are
    std::optional<std::uint64_t> address;  ///< what lies there: a symbol, a slab object, a stack, a page
    AddressPart part = AddressPart::All;   ///< of what is known of it
    bool physical = false;  ///< -P: it is a physical address, as those below the kernel's always are
};

/// In pages.
struct MemoryTotal {
    std::string name;  ///< "FREE"
    std::uint64_t pages = 0;
    std::string of;                        ///< what it is a part of, "TOTAL MEM"; empty: it is a total
    std::optional<std::uint32_t> percent;  ///< of that
};

struct SlabCacheRow {
    std::uint64_t address = 0;  ///< of its kmem_cache
    std::string name;
    std::uint64_t object_bytes = 0;
    std::optional<std::uint64_t> allocated;  ///< objects; what CPUs keep at hand is free
    std::uint64_t total = 0, slabs = 0, slab_bytes = 0;
    bool ignored = false;  ///< its name alone is to be told
};

struct ZoneRow {
    std::uint32_t node = 0, index = 0;
    std::uint64_t address = 0;
    std::string name;
    std::uint64_t size = 0, present = 0;  ///< pages
    std::uint64_t min = 0, low = 0, high = 0;
    std::optional<bool> all_unreclaimable;  ///< of kernels that keep it, as `pages_scanned`
    std::optional<std::uint64_t> pages_scanned;
    std::vector<std::pair<std::string, std::int64_t>> counters;  ///< by the kernel's names
};

struct CounterGroup {
    std::string name;  ///< "VM_ZONE_STAT"
    std::vector<std::pair<std::string, std::int64_t>> counters;
};

struct PageFlagRow {
    std::string name;  ///< "PG_locked"
    std::uint32_t bit = 0;
};

struct HugePageRow {
    std::uint64_t address = 0;  ///< of its hstate
    std::uint64_t page_bytes = 0, free = 0, total = 0;
    std::string name;
};

struct VmallocRow {
    std::uint64_t area = 0, vm = 0;  ///< of the vmap_area and its vm_struct
    std::uint64_t start = 0, end = 0;
    std::uint64_t bytes = 0;  ///< as the vm_struct has it, guard page included
};

struct SlabObjectState {
    std::uint64_t address = 0;
    bool is_free = false;
    bool may_be_free = false;  ///< in use, or in a sheaf that cannot be read (since 6.18)
    std::optional<std::uint32_t> cpu = {}, node = {};  ///< that keeps it, free
    bool in_sheaf = false;                             ///< of that CPU or node
};

struct SlabObjectRow {
    SlabCacheRow cache;
    std::uint64_t slab = 0, memory = 0;
    std::optional<std::uint32_t> node;  ///< of memory
    std::uint32_t objects = 0, allocated = 0;
    std::optional<std::uint64_t> object;  ///< that holds the address
    std::string state;           ///< "allocated", "free", "free, kept by CPU 1", "free, in a sheaf of CPU 1"
    SlabObjectState found = {};  ///< the same
    std::vector<SlabObjectState> whole_slab = {};  ///< all of them, where a struct page of the slab was named
};

struct PageRow {
    std::uint64_t page = 0, physical = 0, mapping = 0, index = 0;
    std::int64_t count = 0;
    std::uint64_t flags = 0;
    std::vector<std::string> flag_names;
};

/// Free blocks of one size and one kind of mobility: a list of the buddy allocator.
struct FreeList {
    std::uint32_t order = 0;                ///< blocks of 2^order pages
    std::uint64_t address = 0;              ///< of its list_head
    std::optional<std::uint64_t> blocks;    ///< nothing where the list cannot be followed to its end
    std::vector<std::uint64_t> pages = {};  ///< the first struct page of each block, where that was asked for
};

struct FreeZone {
    std::uint32_t node = 0, index = 0;
    std::string name;
    std::uint64_t size = 0;                            ///< pages that it spans
    std::optional<std::uint64_t> free;                 ///< pages, by the zone's own counter
    std::uint64_t start_pfn = 0, pages_into_node = 0;  ///< 0 where it spans none
    std::optional<std::uint64_t> mem_map = 0;          ///< the same; absent where it is not known
    std::vector<FreeList> lists;
};

/// A block of free pages.
struct FreeBlock {
    FreeZone zone;               ///< without its lists
    std::uint32_t nodes = 1;     ///< of memory, on this machine
    FreeList list;               ///< that it is on
    std::uint64_t page = 0;      ///< its first struct page
    std::uint64_t position = 0;  ///< of the page that was asked for, in the block, from 0
};

/// What lies at an address; all of what is known.
struct AddressView {
    std::uint64_t address = 0;
    bool physical = false;  ///< it is a physical address
    std::string symbol;     ///< "schedule+5", with the module in brackets
    char symbol_type = ' ';
    std::optional<SlabObjectRow> slab;
    std::optional<VmallocRow> vmalloc;
    std::optional<TaskContext> task;  ///< whose task_struct it lies in, or whose stack
    bool on_stack = false;
    std::optional<FreeBlock> free;
    std::optional<PageRow> page;
};

struct KernelMemory {
    std::uint32_t page_bytes = 4096;
    std::vector<MemoryTotal> totals;
    std::vector<SlabCacheRow> caches;
    bool names_alone = false;  ///< of caches
    std::vector<ZoneRow> zones;
    std::vector<CounterGroup> counters;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> per_cpu;  ///< CPU, offset
    std::vector<PageFlagRow> page_flags;
    std::optional<std::uint64_t> flags;  ///< whose they are, where a number was named
    std::uint32_t longest_flag = 0;      ///< letters of the longest name of all
    std::uint32_t flag_digits = 0;       ///< of the bit behind the last flag, in which they are all shown
    std::optional<std::vector<HugePageRow>> huge_pages;  ///< empty: the kernel has none
    std::vector<VmallocRow> vmalloc;
    std::optional<AddressView> address;
    Problems problems;
};

/// Parts that could not be had are in `problems`. NotFound where a cache is named that is not there.
POSTMORTEM_API Result<KernelMemory> kernel_memory(const CrashDump& dump, const KernelMemoryRequest& request);
POSTMORTEM_API std::string to_text(const KernelMemory& memory);
POSTMORTEM_API std::string to_json(const KernelMemory& memory);

}  // namespace postmortem
