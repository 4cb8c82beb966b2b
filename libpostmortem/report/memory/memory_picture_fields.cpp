#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
namespace {

// HugePages_Total is a number, the rest has its unit in the name.
std::vector<std::pair<std::string, std::uint64_t>> meminfo(const MemoryPicture& picture) {
    std::vector<std::pair<std::string, std::uint64_t>> lines;
    for (const MeminfoLine& line : picture.meminfo)
        lines.emplace_back(line.name + (line.is_count ? "" : "_kib"), line.value);
    return lines;
}

}  // namespace

void describe(Describer<CpuPageList>& list) {
    list.add("cpu", &CpuPageList::cpu, "its number");
    list.add("count", &CpuPageList::count, "pages on the list");
    list.add("high", &CpuPageList::high, "pages at which it is cut");
    list.add("batch", &CpuPageList::batch, "pages that are moved at a time");
}

void describe(Describer<FreeBlocks>& blocks) {
    blocks.add("order", &FreeBlocks::order, "a block has 2^order pages");
    blocks.add("blocks", &FreeBlocks::blocks, "how many are free");
    blocks.add("by_type", &FreeBlocks::by_type, "the same in the order of `migrate_types`");
}

void describe(Describer<ZoneUse>& zone) {
    zone.is("zone", "As in /proc/zoneinfo and /proc/buddyinfo");
    zone.add("node", &ZoneUse::node, "that it is part of");
    zone.add("name", &ZoneUse::name, "`DMA`, `DMA32`, `Normal`, `Movable`, `Device`");
    zone.add("start_pfn", &ZoneUse::start_pfn, "number of its first page");
    zone.add("spanned_pages", &ZoneUse::spanned, "holes included");
    zone.add("present_pages", &ZoneUse::present, "without holes");
    zone.add("managed_pages", &ZoneUse::managed, "given to the page allocator");
    zone.add("free_pages", &ZoneUse::free, "NR_FREE_PAGES");
    zone.add("min_pages", &ZoneUse::min, "watermark; this and the next ones include the boost");
    zone.add("low_pages", &ZoneUse::low, "watermark");
    zone.add("high_pages", &ZoneUse::high, "watermark");
    zone.add("boost_pages", &ZoneUse::boost, "for how much the watermarks are raised");
    zone.add("promo_pages", &ZoneUse::promo, "watermark");
    zone.add("cma_pages", &ZoneUse::cma, "set aside for contiguous allocations");
    zone.add("reserved_highatomic_pages", &ZoneUse::reserved_highatomic, "kept for atomic allocations");
    zone.add("free_highatomic_pages", &ZoneUse::free_highatomic, "free ones of them");
    zone.add("lowmem_reserve_pages", &ZoneUse::lowmem_reserve,
             "what allocations meant for the zone of that place must leave: `protection`");
    zone.map("counters", &ZoneUse::counters, "by their /proc/vmstat names");
    zone.add("cpu_lists", &ZoneUse::cpu_lists, "each CPU's own free list");
    zone.add("free_blocks", &ZoneUse::free_blocks, "by their size");
}

void describe(Describer<NodeUse>& node) {
    node.add("id", &NodeUse::id, "its number");
    node.add("unreclaimable", &NodeUse::unreclaimable, "kswapd has given up on it");
    node.map("counters", &NodeUse::counters, "by their /proc/vmstat names");
}

void describe(Describer<SlabCacheUse>& cache) {
    cache.is("slab cache", "As /proc/slabinfo counts");
    cache.add("name", &SlabCacheUse::name, "as in /proc/slabinfo");
    cache.add("bytes", &SlabCacheUse::bytes, "of memory: slabs times their size");
    cache.add("object_bytes", &SlabCacheUse::object_bytes, "what its users asked for");
    cache.add("stride_bytes", &SlabCacheUse::stride_bytes, "from one object to the next: slabinfo's objsize");
    cache.add("active_objects", &SlabCacheUse::active_objects, "in use");
    cache.add("total_objects", &SlabCacheUse::total_objects, "that the slabs have room for");
    cache.add("objects_per_slab", &SlabCacheUse::objects_per_slab, "that a new slab has room for");
    cache.add("pages_per_slab", &SlabCacheUse::pages_per_slab, "of a new slab");
    cache.add("slabs", &SlabCacheUse::slabs, "all of them");
    cache.add("partial_slabs", &SlabCacheUse::partial_slabs, "with free objects, on the nodes' lists");
    cache.add("objects_in_sheaves", &SlabCacheUse::objects_in_sheaves,
              "free, yet active by slabinfo's count: Linux 6.18 and later");
    cache.add("reclaimable", &SlabCacheUse::reclaimable, "counted as such: SReclaimable");
    cache.add("estimated", &SlabCacheUse::estimated,
              "`active_objects` is an estimate: too many partial slabs to count");
}

void describe(Describer<ZramUse>& zram) {
    zram.add("stored_bytes", &ZramUse::stored_bytes, "before compression");
    zram.add("compressed_bytes", &ZramUse::compressed_bytes, "behind it");
    zram.add("memory_bytes", &ZramUse::memory_bytes,
             "taken from the machine, with what the allocator wastes");
    zram.add("limit_bytes", &ZramUse::limit_bytes, "of that; 0: none");
    zram.add("most_memory_bytes", &ZramUse::most_memory_bytes, "that it ever took");
    zram.add("same_pages", &ZramUse::same_pages, "of one repeated word: they take no memory");
    zram.add("huge_pages", &ZramUse::huge_pages, "that would not compress");
}

void describe(Describer<SwapArea>& area) {
    area.add("path", &SwapArea::path, "of the device or file");
    area.add(
            "type",
            [](const SwapArea& a) {
                return a.is_device ? std::optional(std::string_view(*a.is_device ? "partition" : "file"))
                                   : std::nullopt;
            },
            "as in /proc/swaps")
        .one_of({"partition", "file"});
    area.add("size_kib", &SwapArea::size_kib, "as in /proc/swaps");
    area.add("used_kib", &SwapArea::used_kib, "as in /proc/swaps");
    area.add("priority", &SwapArea::priority, "as in /proc/swaps");
    area.add("going_away", &SwapArea::going_away, "swapoff was at work");
    area.add("zram", &SwapArea::zram, "of a zram device: its mm_stat");
}

void describe(Describer<ZswapUse>& zswap) {
    zswap.add("pool_bytes", &ZswapUse::pool_bytes, "memory that the compressed pages take");
    zswap.add("stored_bytes", &ZswapUse::stored_bytes, "what they were before");
    zswap.add("enabled", &ZswapUse::enabled, "new pages go there");
}

void describe(Describer<MemoryFile>& file) {
    file.add("name", &MemoryFile::name, "last component; null where no name is left").or_null();
    file.add("kib", &MemoryFile::kib, "in memory");
    file.add("swapped_kib", &MemoryFile::swapped_kib, "in swap");
    file.add("deleted", &MemoryFile::deleted, "still open or mapped");
}

void describe(Describer<MemoryFileSystem>& system) {
    system.add("type", &MemoryFileSystem::type, "`tmpfs`, `ramfs`, …");
    system
        .add("path", &MemoryFileSystem::path,
             "null for the kernel's own: System V shared memory, memfd, shared anonymous mappings, graphics "
             "buffers")
        .or_null();
    system.add("limit_kib", &MemoryFileSystem::limit_kib, "null: none");
    system.add("used_kib", &MemoryFileSystem::used_kib, "as df says, swapped files included");
    system.add("files", &MemoryFileSystem::files, "their number");
    system.add("kib", &MemoryFileSystem::kib, "in memory");
    system.add("swapped_kib", &MemoryFileSystem::swapped_kib, "in swap");
    system.add("largest", &MemoryFileSystem::largest, "its largest files");
}

void describe(Describer<VmallocUser>& user) {
    user.add("caller", &VmallocUser::caller, "a function, or an address in hexadecimal");
    user.add("module", &VmallocUser::module, "null for the kernel itself").or_null();
    user.add("areas", &VmallocUser::areas, "their number");
    user.add("bytes", &VmallocUser::bytes, "of memory");
}

void describe(Describer<HugePageUse>& pool) {
    pool.add("page_bytes", &HugePageUse::page_bytes, "the size of one");
    pool.add("total", &HugePageUse::total, "huge pages");
    pool.add("free", &HugePageUse::free, "huge pages");
    pool.add("reserved", &HugePageUse::reserved, "huge pages");
    pool.add("surplus", &HugePageUse::surplus, "huge pages");
    pool.add("default", &HugePageUse::is_default, "the size that is used where none is named");
}

void describe(Describer<MemoryShare>& part) {
    part.add("id", &MemoryShare::id, "stable: `anon`");
    part.add("title", &MemoryShare::title, "for people");
    part.add("bytes", &MemoryShare::bytes, "its size");
}

void describe(Describer<MemoryHint>& hint) {
    hint.add("title", &MemoryHint::title, "what it is");
    hint.add("bytes", &MemoryHint::bytes, "its size");
}

void describe(Describer<MemorySum>& sum) {
    sum.add("total_bytes", &MemorySum::total_bytes, "MemTotal = the parts + what is unaccounted");
    sum.add("parts", &MemorySum::parts, "that do not overlap, largest first");
    sum.add("unaccounted_bytes", &MemorySum::unaccounted_bytes,
            "below zero where the parts overlap or changed while they were read");
    sum.add("hints", &MemorySum::hints, "what part of that is known to be");
    sum.add("unread", &MemorySum::unread, "parts that could not be read, and are within what is unaccounted");
    sum.add("present_bytes", &MemorySum::present_bytes, "in the machine").or_null();
    sum.add("reserved", &MemorySum::reserved, "beside MemTotal: never given to the page allocator");
}

void describe(Describer<CrashKernelReserve>& reserve) {
    reserve.add("bytes", &CrashKernelReserve::bytes, "crashkernel=, all parts");
    reserve.add("recommended_bytes", &CrashKernelReserve::recommended_bytes,
                "what RHEL's kdump reserves on a machine of this size; 0: none");
    reserve.add("loaded", &CrashKernelReserve::loaded, "a capture kernel was in place");
}

void describe(Describer<MemoryPicture>& picture) {
    picture.is("memory picture", "Who had the memory").is_document();
    picture.add("page_bytes", &MemoryPicture::page_bytes, "the size of a page");
    picture.map("meminfo", meminfo,
                "the lines of /proc/meminfo: `MemTotal_kib`, …; `HugePages_Total` and its like are "
                "numbers of huge pages");
    picture.add("sum", &MemoryPicture::sum, "where MemTotal went");
    picture.add("nodes", &MemoryPicture::nodes, "by their number");
    picture.add("zones", &MemoryPicture::zones, "by node");
    picture.add("migrate_types", &MemoryPicture::migrate_types, "`Unmovable`, …");
    picture.add("slab_caches", &MemoryPicture::slab_caches, "largest first");
    picture.add("swap_areas", &MemoryPicture::swap_areas, "in the order of /proc/swaps");
    picture.add("zswap", &MemoryPicture::zswap, "compressed pages on their way to swap");
    picture.add("file_systems", &MemoryPicture::file_systems, "in memory, largest first");
    picture.add("vmalloc_users", &MemoryPicture::vmalloc_users, "callers of vmalloc, largest first");
    picture.add("huge_pages", &MemoryPicture::huge_pages, "a pool for each size");
    picture.map("settings", &MemoryPicture::settings, "as under /proc/sys/vm");
    picture.add("crash_kernel", &MemoryPicture::crash_kernel, "memory set aside for kdump");
    add_problems(picture);
}

std::string to_json(const MemoryPicture& picture) {
    return json_document(picture);
}

}  // namespace postmortem
