// /proc/meminfo to the letter (fs/proc/meminfo.c, seq_put_decimal_ull_width()), and zones, slab caches and
// swap in the manner of their files.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {
namespace {

// Every value ends in column 24; a longer name or number moves it.
std::string meminfo_line(const MeminfoLine& line) {
    const std::string label = line.name + ":";
    const std::size_t start = line.is_count && line.name.starts_with("HugePages_") ? 19 : 16;
    const std::size_t column = std::max(label.size() + (label.size() >= start ? 1 : 0), start);
    const std::size_t width = column >= 24 ? 0 : 24 - column;
    return fmt::format("{:<{}}{:>{}}{}\n", label, column, line.value, width, line.is_count ? "" : " kB");
}

using Out = std::back_insert_iterator<std::string>;

void counter_lines(Out out, const std::vector<VmCounter>& counters) {
    for (const VmCounter& counter : counters)
        fmt::format_to(out, "      {:<12} {}\n", counter.name, counter.value);
}

void mark(Out out, const char* name, const std::optional<std::uint64_t>& pages) {
    if (pages) fmt::format_to(out, "        {:<8} {}\n", name, *pages);
}

void zone_lines(Out out, const ZoneUse& zone) {
    fmt::format_to(out, "  pages free     {}\n", zone.free);
    mark(out, "boost", zone.boost);
    mark(out, "min", zone.min);
    mark(out, "low", zone.low);
    mark(out, "high", zone.high);
    mark(out, "promo", zone.promo);
    mark(out, "spanned", zone.spanned);
    mark(out, "present", zone.present);
    mark(out, "managed", zone.managed);
    mark(out, "cma", zone.cma);
    fmt::format_to(out, "        protection: ({})\n", fmt::join(zone.lowmem_reserve, ", "));
    if (zone.present == 0) return;
    counter_lines(out, zone.counters);
    fmt::format_to(out, "  pagesets\n");
    for (const CpuPageList& list : zone.cpu_lists)
        fmt::format_to(out,
                       "    cpu: {}\n              count:    {}\n              high:     {}\n              "
                       "batch:    {}\n",
                       list.cpu, list.count, list.high, list.batch);
}

// Blocks of each order, as /proc/buddyinfo; by migratetype, as /proc/pagetypeinfo.
std::string free_blocks(const MemoryPicture& picture) {
    std::string text;
    const Out out = std::back_inserter(text);
    const auto orders = [&](const ZoneUse& zone, auto number_of) {
        for (const FreeBlocks& blocks : zone.free_blocks) fmt::format_to(out, "{:>6} ", number_of(blocks));
        fmt::format_to(out, "\n");
    };
    if (picture.zones.empty()) return text;
    fmt::format_to(out, "Free blocks of 2^N pages\n");
    for (const ZoneUse& zone : picture.zones) {
        if (zone.present == 0) continue;
        fmt::format_to(out, "Node {}, zone {:>8} ", zone.node, escaped(zone.name));
        orders(zone, [](const FreeBlocks& blocks) { return blocks.blocks; });
        for (std::size_t type = 0; type < picture.migrate_types.size(); ++type) {
            const auto of_type = [type](const FreeBlocks& blocks) {
                return type < blocks.by_type.size() ? blocks.by_type[type] : 0;
            };
            if (std::all_of(zone.free_blocks.begin(), zone.free_blocks.end(),
                            [&](const FreeBlocks& blocks) { return of_type(blocks) == 0; }))
                continue;
            fmt::format_to(out, "  {:>19} ", escaped(picture.migrate_types[type]));
            orders(zone, of_type);
        }
    }
    return text;
}

}  // namespace

std::string to_text(const MemoryPicture& picture) {
    std::string text;
    for (const MeminfoLine& line : picture.meminfo) text += meminfo_line(line);
    return text;
}

std::string zones_to_text(const MemoryPicture& picture) {
    std::string text;
    const Out out = std::back_inserter(text);
    std::vector<std::uint32_t> told;
    for (const ZoneUse& zone : picture.zones) {
        fmt::format_to(out, "Node {}, zone {:>8}\n", zone.node, escaped(zone.name));
        const auto node = std::find_if(picture.nodes.begin(), picture.nodes.end(),
                                       [&](const NodeUse& candidate) { return candidate.id == zone.node; });
        if (node != picture.nodes.end() && zone.present != 0 &&
            std::find(told.begin(), told.end(), zone.node) == told.end()) {
            told.push_back(zone.node);
            fmt::format_to(out, "  per-node stats\n");
            counter_lines(out, node->counters);
        }
        zone_lines(out, zone);
        if (zone.present == 0) continue;
        fmt::format_to(out, "  node_unreclaimable:  {}\n  start_pfn:           {}\n",
                       node != picture.nodes.end() && node->unreclaimable ? 1 : 0, zone.start_pfn);
        if (zone.reserved_highatomic)
            fmt::format_to(out, "  reserved_highatomic: {}\n", *zone.reserved_highatomic);
        if (zone.free_highatomic) fmt::format_to(out, "  free_highatomic:     {}\n", *zone.free_highatomic);
    }
    const std::string blocks = free_blocks(picture);
    return blocks.empty() ? text : text + "\n" + blocks;
}

std::string slab_to_text(const MemoryPicture& picture, std::size_t most) {
    std::string text;
    const Out out = std::back_inserter(text);
    fmt::format_to(out, "{:<24} {:>10} {:>12} {:>12} {:>8} {:>8} {:>10}\n", "# name", "KiB", "active_objs",
                   "num_objs", "objsize", "slabs", "pages/slab");
    std::size_t shown = 0;
    std::uint64_t all = 0, rest = 0;
    for (const SlabCacheUse& cache : picture.slab_caches) {
        all += cache.bytes;
        if (most != 0 && shown == most) {
            rest += cache.bytes;
            continue;
        }
        ++shown;
        fmt::format_to(out, "{:<24} {:>10} {:>12} {:>12} {:>8} {:>8} {:>10}{}\n", escaped(cache.name),
                       cache.bytes / 1024, cache.active_objects, cache.total_objects, cache.stride_bytes,
                       cache.slabs, cache.pages_per_slab, cache.reclaimable ? "  reclaimable" : "");
    }
    const std::size_t hidden = picture.slab_caches.size() - shown;
    if (hidden != 0) fmt::format_to(out, "{:<24} {:>10}\n", fmt::format("({} more)", hidden), rest / 1024);
    // Every kernel has caches: none means that they could not be read.
    fmt::format_to(out, "{:<24} {:>10}\n", "(all)",
                   picture.slab_caches.empty() ? "-" : fmt::format("{}", all / 1024));
    return text;
}

std::string swap_to_text(const MemoryPicture& picture) {
    std::string text;
    const Out out = std::back_inserter(text);
    fmt::format_to(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    for (const SwapArea& area : picture.swap_areas) {
        const std::string path = escaped(area.path.empty() ? "?" : area.path);
        fmt::format_to(out, "{:<40}{}\t{}\t\t{}\t\t{}{}\n", path,
                       !area.is_device   ? "-\t"
                       : *area.is_device ? "partition"
                                         : "file\t",
                       area.size_kib, area.used_kib, area.priority, area.going_away ? "\t(going away)" : "");
    }
    for (const SwapArea& area : picture.swap_areas) {
        if (!area.zram) continue;
        fmt::format_to(
            out,
            "{}: {} KiB stored, {} KiB compressed, {} KiB of memory, {} KiB at most; {} pages of one word, "
            "{} incompressible\n",
            escaped(area.path), area.zram->stored_bytes / 1024, area.zram->compressed_bytes / 1024,
            area.zram->memory_bytes / 1024, area.zram->most_memory_bytes / 1024, area.zram->same_pages,
            area.zram->huge_pages);
    }
    if (picture.zswap)
        fmt::format_to(out, "zswap: {} KiB stored in {} KiB of memory{}\n",
                       picture.zswap->stored_bytes / 1024, picture.zswap->pool_bytes / 1024,
                       picture.zswap->enabled ? (*picture.zswap->enabled ? ", enabled" : ", disabled") : "");
    return text;
}

}  // namespace postmortem
