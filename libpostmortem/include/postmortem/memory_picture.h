// Who had the memory: what /proc/meminfo, zoneinfo, buddyinfo, slabinfo, swaps and vmallocinfo would have
// said when the kernel died, and where every page of the machine's total is to be looked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

/// One line of /proc/meminfo (fs/proc/meminfo.c), under that kernel's own name and by its own rule.
struct MeminfoLine {
    std::string name;         ///< "MemTotal"
    std::uint64_t value = 0;  ///< KiB; a plain number where `is_count`
    bool is_count = false;    ///< the HugePages_ lines: a number of huge pages
};

/// A counter of mm/vmstat.c, named as in /proc/vmstat. May be below zero for a moment.
struct VmCounter {
    std::string name;
    std::int64_t value = 0;
};

/// A CPU's own free list of one zone, in pages.
struct CpuPageList {
    std::uint32_t cpu = 0;
    std::int64_t count = 0, high = 0, batch = 0;
};

struct FreeBlocks {
    unsigned order = 0;
    std::uint64_t blocks = 0;            ///< of 2^order pages each
    std::vector<std::uint64_t> by_type;  ///< in the order of MemoryPicture::migrate_types
};

/// A zone as in /proc/zoneinfo and /proc/buddyinfo (mm/vmstat.c). Sizes are in pages; watermarks include the
/// boost, as everywhere in /proc.
struct ZoneUse {
    std::uint32_t node = 0;
    std::string name;  ///< "DMA", "DMA32", "Normal", "Movable", "Device"
    std::uint64_t start_pfn = 0, spanned = 0, present = 0, managed = 0;
    std::uint64_t free = 0;
    std::uint64_t min = 0, low = 0, high = 0;
    std::optional<std::uint64_t> boost, promo, cma, reserved_highatomic, free_highatomic;
    std::vector<std::uint64_t>
        lowmem_reserve;  ///< what allocations meant for zone N must leave: "protection"
    std::vector<VmCounter> counters;
    std::vector<CpuPageList> cpu_lists;
    std::vector<FreeBlocks> free_blocks;
};

struct NodeUse {
    std::uint32_t id = 0;
    bool unreclaimable = false;  ///< kswapd has given up on it
    std::vector<VmCounter> counters;
};

/// A cache of the slab allocator, as /proc/slabinfo counts (mm/slub.c).
struct SlabCacheUse {
    std::string name;
    std::uint64_t object_bytes = 0;  ///< what its users asked for
    std::uint64_t stride_bytes = 0;  ///< from one object to the next; slabinfo's objsize
    std::uint64_t objects_per_slab = 0, pages_per_slab = 0;
    std::uint64_t active_objects = 0, total_objects = 0;
    std::uint64_t slabs = 0, partial_slabs = 0;
    std::uint64_t objects_in_sheaves = 0;  ///< free, yet counted as active: Linux 6.18 and later
    std::uint64_t bytes = 0;               ///< of memory: slabs times their size
    bool reclaimable = false;
    bool estimated = false;  ///< active_objects is an estimate: too many partial slabs to count
};

/// /sys/block/zramN/mm_stat (drivers/block/zram/zram_drv.c).
struct ZramUse {
    std::uint64_t stored_bytes = 0;  ///< before compression
    std::uint64_t compressed_bytes = 0;
    std::uint64_t memory_bytes = 0;       ///< taken from the machine, with what the allocator wastes
    std::uint64_t limit_bytes = 0;        ///< 0: none
    std::uint64_t most_memory_bytes = 0;  ///< ever
    std::uint64_t same_pages = 0;         ///< of one repeated word: they take no memory
    std::uint64_t huge_pages = 0;         ///< that would not compress
};

struct SwapArea {
    std::string path;
    std::optional<bool> is_device;  ///< else a file
    std::uint64_t size_kib = 0, used_kib = 0;
    std::int64_t priority = 0;
    bool going_away = false;  ///< swapoff was at work
    std::optional<ZramUse> zram;
};

struct ZswapUse {
    std::uint64_t pool_bytes = 0;    ///< memory that the compressed pages take
    std::uint64_t stored_bytes = 0;  ///< what they were before
    std::optional<bool> enabled;
};

struct MemoryFile {
    std::string name;  ///< last component; empty where no name is left
    std::uint64_t kib = 0, swapped_kib = 0;
    bool deleted = false;
};

/// A file system in memory (mm/shmem.c). The kernel's own one has no path: System V shared memory, memfd,
/// shared anonymous mappings, graphics buffers.
struct MemoryFileSystem {
    std::string type, path;
    std::optional<std::uint64_t> limit_kib;  ///< absent: none
    std::optional<std::uint64_t> used_kib;   ///< as df says, swapped files included
    std::uint64_t files = 0;
    std::uint64_t kib = 0;  ///< in memory
    std::uint64_t swapped_kib = 0;
    std::vector<MemoryFile> largest;
};

/// All vmalloc areas of one caller (mm/vmalloc.c).
struct VmallocUser {
    std::string caller;  ///< a function, or an address in hexadecimal
    std::string module;  ///< empty for the kernel itself
    std::uint64_t areas = 0;
    std::uint64_t bytes = 0;  ///< of memory
};

struct HugePageUse {
    std::uint64_t page_bytes = 0;
    std::uint64_t total = 0, free = 0, reserved = 0, surplus = 0;  ///< huge pages
    bool is_default = false;
};

/// A setting below /proc/sys/vm.
struct MemorySettingValue {
    std::string name;
    std::int64_t value = 0;
};

struct CrashKernelReserve {
    std::uint64_t bytes = 0;              ///< crashkernel=, all parts
    std::uint64_t recommended_bytes = 0;  ///< what RHEL's kdump reserves on a machine of this size; 0: none
    bool loaded = false;                  ///< a capture kernel was in place
};

/// A part of the machine's memory. The parts do not overlap.
struct MemoryShare {
    std::string id;     ///< stable, for scripts: "anon"
    std::string title;  ///< for people: "anonymous memory of processes"
    std::uint64_t bytes = 0;
};

/// Something that is known to lie within memory that nothing accounts for, or beside MemTotal.
struct MemoryHint {
    std::string title;
    std::uint64_t bytes = 0;
};

/// MemTotal = the parts + unaccounted. Counters are taken with what each CPU holds back, hence exact; the
/// kernel's own lines may differ from them by a few hundred KiB.
struct MemorySum {
    std::uint64_t total_bytes = 0;
    std::vector<MemoryShare> parts;  ///< largest first
    std::int64_t unaccounted_bytes =
        0;                          ///< below zero where the parts overlap or changed while they were read
    std::vector<MemoryHint> hints;  ///< what part of `unaccounted_bytes` is known to be
    /// Titles of parts that could not be read, and therefore lie within `unaccounted_bytes`.
    std::vector<std::string> unread;
    /// Beside MemTotal: present in the machine, and never given to the page allocator.
    std::uint64_t present_bytes = 0;  ///< 0 where the zones could not be read
    std::vector<MemoryHint> reserved;
};

/// What to look for; the rest of the answer stays empty.
struct MemoryRequest {
    bool zones = true, slab = true, swap = true, file_systems = true, vmalloc = true, sum = true;
    bool free_blocks_by_type = true;  ///< walks the free lists, as /proc/pagetypeinfo does
    std::size_t largest_files = 5;    ///< of each memory file system
};

/// All text comes from the dump and is untrusted. What could not be had is absent, and told in `problems`.
struct MemoryPicture {
    std::uint64_t page_bytes = 0;
    std::vector<MeminfoLine> meminfo;
    std::vector<NodeUse> nodes;
    std::vector<ZoneUse> zones;
    std::vector<std::string> migrate_types;  ///< "Unmovable", …
    std::vector<SlabCacheUse> slab_caches;   ///< largest first
    std::vector<SwapArea> swap_areas;        ///< in the order of /proc/swaps
    std::optional<ZswapUse> zswap;
    std::vector<MemoryFileSystem> file_systems;  ///< largest first
    std::vector<VmallocUser> vmalloc_users;      ///< largest first
    std::vector<HugePageUse> huge_pages;
    std::vector<MemorySettingValue> settings;
    std::optional<CrashKernelReserve> crash_kernel;
    std::optional<MemorySum> sum;
    Problems problems;

    /// A line of /proc/meminfo in KiB (or its count); nothing where this kernel has none.
    std::optional<std::uint64_t> line(std::string_view name) const {
        for (const MeminfoLine& entry : meminfo)
            if (entry.name == name) return entry.value;
        return std::nullopt;
    }
};

}  // namespace postmortem
