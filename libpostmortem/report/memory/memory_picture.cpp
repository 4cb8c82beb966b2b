#include "report/memory/memory_picture.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/mm/memory_settings.h"
#include "kernel/mm/shmem_mounts.h"
#include "kernel/mm/slab_caches.h"
#include "kernel/mm/vmalloc_areas.h"
#include "kernel/mm/zram.h"
#include "report/memory/meminfo_lines.h"
#include "report/memory/memory_sum.h"

namespace postmortem {
namespace {

// enough of them in a row and kswapd lets a node be (MAX_RECLAIM_RETRIES, mm/internal.h).
constexpr std::uint64_t most_reclaim_retries = 16;

class PictureMaker {
  public:
    PictureMaker(const Kernel& kernel, const MemoryRequest& request) : kernel_(kernel), request_(request) {
        picture_.page_bytes = kernel.dump().page_size();
        page_kib_ = picture_.page_bytes / 1024;
    }

    MemoryPicture make() {
        read_huge_pages();
        read_swap_areas();
        read_counters();
        if (request_.slab) read_slab();
        if (request_.file_systems) read_file_systems();
        if (request_.vmalloc) read_vmalloc();
        read_settings();
        make_sum();
        picture_.problems = problems_.take();
        return std::move(picture_);
    }

  private:
    void read_huge_pages();
    void read_swap_areas();
    void read_zram_area(std::uint64_t block_device, SwapArea& area);
    void read_counters();
    void describe_zones();
    ZoneUse describe(const NodeZones& node, const MemoryZone& zone) const;
    std::vector<VmCounter> named(const CounterNames& names, const CounterValues& values) const;
    void show_in_huge_pages(std::vector<VmCounter>& node_counters) const;
    void read_slab();
    void read_file_systems();
    void read_vmalloc();
    void read_settings();
    void make_sum();

    const Kernel& kernel_;
    const MemoryRequest& request_;
    std::uint64_t page_kib_ = 4;
    std::optional<VmCounterNames> names_;
    std::optional<VmCounters> counters_;
    ZoneTable zones_;
    SwapState swap_;
    std::vector<HugePagePool> huge_pages_;
    MemoryPicture picture_;
    ProblemCollector problems_;
};

void PictureMaker::read_huge_pages() {
    auto pools = read_huge_page_pools(kernel_);
    if (pools) {
        huge_pages_ = std::move(*pools);
    } else if (pools.error().code != ErrorCode::NotFound) {
        problems_.add("the huge pages", pools.error());
    }
    for (const HugePagePool& pool : huge_pages_)
        picture_.huge_pages.push_back(
            {pool.page_bytes, pool.total, pool.free, pool.reserved, pool.surplus, pool.is_default});
}

void PictureMaker::read_swap_areas() {
    swap_ = read_swap(kernel_);
    problems_.add_all(swap_.problems);
    if (!request_.swap) return;
    for (const SwapAreaState& area : swap_.areas) {
        picture_.swap_areas.push_back({area.path, area.is_device, area.pages * page_kib_,
                                       area.used_pages * page_kib_, area.priority, area.going_away,
                                       std::nullopt});
        if (area.is_device.value_or(false)) read_zram_area(area.block_device, picture_.swap_areas.back());
    }
    if (const auto zswap = read_zswap(kernel_))
        picture_.zswap = {zswap->pool_bytes, zswap->stored_pages * picture_.page_bytes, zswap->enabled};
    else if (zswap.error().code != ErrorCode::NotFound)
        problems_.add("zswap", zswap.error());
}

void PictureMaker::read_zram_area(std::uint64_t block_device, SwapArea& area) {
    const std::uint64_t page = picture_.page_bytes;
    const auto zram = read_zram(kernel_, block_device);
    if (zram)
        area.zram =
            ZramUse{zram->stored_pages * page, zram->compressed_bytes,         zram->memory_pages * page,
                    zram->limit_pages * page,  zram->most_memory_pages * page, zram->same_pages,
                    zram->huge_pages};
    else if (zram.error().code != ErrorCode::NotFound)
        problems_.add("what zram stores", zram.error());
}

void PictureMaker::read_counters() {
    auto names = VmCounterNames::read(kernel_);
    if (!names) return problems_.add("the memory counters", names.error());
    names_ = std::move(*names);
    zones_ = read_zones(kernel_, *names_, request_.zones && request_.free_blocks_by_type);
    problems_.add_all(zones_.problems);
    if (request_.zones) describe_zones();
    auto counters = VmCounters::read(kernel_, *names_);
    if (!counters) return problems_.add("the memory counters", counters.error());
    counters_ = std::move(*counters);
    picture_.meminfo = make_meminfo_lines(kernel_, {*counters_, zones_, swap_, huge_pages_}, problems_);
}

std::vector<VmCounter> PictureMaker::named(const CounterNames& names, const CounterValues& values) const {
    std::vector<VmCounter> counters;
    for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i)
        counters.push_back({names.label(i), values[i]});
    return counters;
}

// /proc shows these in huge pages; they are kept in small ones since 5.12 (69473e5de870), like NR_SWAPCACHE.
void PictureMaker::show_in_huge_pages(std::vector<VmCounter>& node_counters) const {
    constexpr std::int64_t small_pages = 512;
    if (!names_->node.index_of("NR_SWAPCACHE")) return;
    for (const char* name :
         {"NR_ANON_THPS", "NR_SHMEM_THPS", "NR_SHMEM_PMDMAPPED", "NR_FILE_THPS", "NR_FILE_PMDMAPPED"})
        if (const auto index = names_->node.index_of(name); index && *index < node_counters.size())
            node_counters[*index].value /= small_pages;
}

ZoneUse PictureMaker::describe(const NodeZones& node, const MemoryZone& zone) const {
    ZoneUse use;
    use.node = node.id;
    use.name = zone.name;
    use.start_pfn = zone.start_pfn;
    use.spanned = zone.spanned;
    use.present = zone.present;
    use.managed = zone.managed;
    if (const auto index = names_->zone.index_of("NR_FREE_PAGES"); index && *index < zone.counters.size())
        use.free = static_cast<std::uint64_t>(std::max<std::int64_t>(zone.counters[*index], 0));
    use.min = zone.min;
    use.low = zone.low;
    use.high = zone.high;
    use.boost = zone.boost;
    use.promo = zone.promo;
    use.cma = zone.cma;
    use.reserved_highatomic = zone.reserved_highatomic;
    use.free_highatomic = zone.free_highatomic;
    use.lowmem_reserve = zone.lowmem_reserve;
    use.counters = named(names_->zone, zone.counters);
    for (VmCounter& counter : named(names_->numa, zone.numa)) use.counters.push_back(std::move(counter));
    for (const ZonePageSet& set : zone.page_sets)
        use.cpu_lists.push_back({set.cpu, set.count, set.high, set.batch});
    for (unsigned order = 0; order < zone.free_areas.size(); ++order)
        use.free_blocks.push_back(
            {order, zone.free_areas[order].blocks, zone.free_areas[order].blocks_by_type});
    return use;
}

void PictureMaker::describe_zones() {
    picture_.migrate_types = zones_.migrate_types;
    for (const NodeZones& node : zones_.nodes) {
        std::vector<VmCounter> counters = named(names_->node, node.counters);
        show_in_huge_pages(counters);
        picture_.nodes.push_back(
            {node.id, node.kswapd_failures >= most_reclaim_retries, std::move(counters)});
        for (const MemoryZone& zone : node.zones) picture_.zones.push_back(describe(node, zone));
    }
}

void PictureMaker::read_slab() {
    SlabCacheList list = read_slab_caches(kernel_);
    problems_.add_all(list.problems);
    for (const SlabCache& cache : list.caches)
        picture_.slab_caches.push_back({cache.name, cache.object_size, cache.size, cache.objects_per_slab,
                                        cache.pages_per_slab, cache.active_objects, cache.total_objects,
                                        cache.slabs, cache.partial_slabs, cache.objects_in_sheaves,
                                        cache.slabs * cache.pages_per_slab * picture_.page_bytes,
                                        cache.reclaimable, cache.estimated});
    std::stable_sort(picture_.slab_caches.begin(), picture_.slab_caches.end(),
                     [](const SlabCacheUse& a, const SlabCacheUse& b) { return a.bytes > b.bytes; });
}

void PictureMaker::read_file_systems() {
    ShmemMounts found = read_shmem_mounts(kernel_, request_.largest_files);
    problems_.add_all(found.problems);
    for (ShmemMount& mount : found.mounts) {
        MemoryFileSystem system;
        system.type = std::move(mount.type);
        system.path = std::move(mount.path);
        if (mount.limit_pages) system.limit_kib = *mount.limit_pages * page_kib_;
        if (mount.used_pages) system.used_kib = *mount.used_pages * page_kib_;
        system.files = mount.files;
        system.kib = mount.pages * page_kib_;
        system.swapped_kib = mount.swapped * page_kib_;
        for (ShmemFile& file : mount.largest)
            system.largest.push_back(
                {std::move(file.name), file.pages * page_kib_, file.swapped * page_kib_, file.deleted});
        picture_.file_systems.push_back(std::move(system));
    }
    std::stable_sort(picture_.file_systems.begin(), picture_.file_systems.end(),
                     [](const MemoryFileSystem& a, const MemoryFileSystem& b) { return a.kib > b.kib; });
}

void PictureMaker::read_vmalloc() {
    const VmallocAreas found = read_vmalloc_areas(kernel_);
    problems_.add_all(found.problems);
    std::map<std::uint64_t, VmallocUser> by_caller;
    for (const VmallocArea& area : found.areas) {
        if (!area.is_vmalloc()) continue;
        VmallocUser& user = by_caller[area.caller];
        ++user.areas;
        user.bytes += area.pages * picture_.page_bytes;
    }
    // A function may call from several places.
    std::map<std::pair<std::string, std::string>, VmallocUser> by_name;
    for (const auto& [address, part] : by_caller) {
        const auto hit = kernel_.symbol_at(address);
        const std::string name = hit ? std::string(hit->symbol.name) : fmt::format("{:#x}", address);
        const std::string module = hit ? hit->module : "";
        VmallocUser& user = by_name[{name, module}];
        user.caller = name;
        user.module = module;
        user.areas += part.areas;
        user.bytes += part.bytes;
    }
    for (auto& [name, user] : by_name) picture_.vmalloc_users.push_back(std::move(user));
    std::stable_sort(picture_.vmalloc_users.begin(), picture_.vmalloc_users.end(),
                     [](const VmallocUser& a, const VmallocUser& b) { return a.bytes > b.bytes; });
}

void PictureMaker::read_settings() {
    const MemorySettings settings = read_memory_settings(kernel_);
    problems_.add_all(settings.problems);
    for (const MemorySetting& setting : settings.all)
        picture_.settings.push_back({setting.name, setting.value});
    std::uint64_t present = 0;
    for (const NodeZones& node : zones_.nodes)
        for (const MemoryZone& zone : node.zones) present += zone.present * picture_.page_bytes;
    const auto reservation = read_crash_reservation(kernel_);
    if (reservation)
        picture_.crash_kernel = {reservation->bytes + reservation->low_bytes,
                                 recommended_crash_reservation(present), reservation->loaded};
    else if (reservation.error().code != ErrorCode::NotFound)
        problems_.add("the memory kept for the capture kernel", reservation.error());
}

void PictureMaker::make_sum() {
    if (!request_.sum || !names_ || !counters_) return;
    picture_.sum = make_memory_sum(kernel_, *names_, {*counters_, zones_, swap_, huge_pages_}, problems_);
}

}  // namespace

MemoryPicture make_memory_picture(const Kernel& kernel, const MemoryRequest& request) {
    return PictureMaker(kernel, request).make();
}

}  // namespace postmortem
