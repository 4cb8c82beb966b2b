#include <postmortem/render.h>

#include "output/json.h"

namespace postmortem {
namespace {

template <class T, class Print>
Json list_of(const std::vector<T>& items, Print print) {
    Json list = Json::array();
    for (const T& item : items) list.push_back(print(item));
    return list;
}

Json counters(const std::vector<VmCounter>& all) {
    Json entry = Json::object();
    for (const VmCounter& counter : all) entry[json_text(counter.name).get<std::string>()] = counter.value;
    return entry;
}

// HugePages_Total is a number, the rest has its unit in the name.
Json meminfo(const std::vector<MeminfoLine>& lines) {
    Json entry = Json::object();
    for (const MeminfoLine& line : lines) entry[line.name + (line.is_count ? "" : "_kib")] = line.value;
    return entry;
}

Json zone(const ZoneUse& use) {
    Json entry{{"node", use.node},
               {"name", json_text(use.name)},
               {"start_pfn", use.start_pfn},
               {"spanned_pages", use.spanned},
               {"present_pages", use.present},
               {"managed_pages", use.managed},
               {"free_pages", use.free},
               {"min_pages", use.min},
               {"low_pages", use.low},
               {"high_pages", use.high}};
    entry["boost_pages"] = json_optional(use.boost);
    entry["promo_pages"] = json_optional(use.promo);
    entry["cma_pages"] = json_optional(use.cma);
    entry["reserved_highatomic_pages"] = json_optional(use.reserved_highatomic);
    entry["free_highatomic_pages"] = json_optional(use.free_highatomic);
    entry["lowmem_reserve_pages"] = use.lowmem_reserve;
    entry["counters"] = counters(use.counters);
    entry["cpu_lists"] = list_of(use.cpu_lists, [](const CpuPageList& list) {
        return Json{{"cpu", list.cpu}, {"count", list.count}, {"high", list.high}, {"batch", list.batch}};
    });
    entry["free_blocks"] = list_of(use.free_blocks, [](const FreeBlocks& blocks) {
        return Json{{"order", blocks.order}, {"blocks", blocks.blocks}, {"by_type", blocks.by_type}};
    });
    return entry;
}

Json node(const NodeUse& use) {
    return {{"id", use.id}, {"unreclaimable", use.unreclaimable}, {"counters", counters(use.counters)}};
}

Json slab_cache(const SlabCacheUse& cache) {
    return {{"name", json_text(cache.name)},
            {"bytes", cache.bytes},
            {"object_bytes", cache.object_bytes},
            {"stride_bytes", cache.stride_bytes},
            {"active_objects", cache.active_objects},
            {"total_objects", cache.total_objects},
            {"objects_per_slab", cache.objects_per_slab},
            {"pages_per_slab", cache.pages_per_slab},
            {"slabs", cache.slabs},
            {"partial_slabs", cache.partial_slabs},
            {"objects_in_sheaves", cache.objects_in_sheaves},
            {"reclaimable", cache.reclaimable},
            {"estimated", cache.estimated}};
}

Json swap_area(const SwapArea& area) {
    Json entry{{"path", json_text(area.path)}, {"type", area.is_device ? "partition" : "file"},
               {"size_kib", area.size_kib},    {"used_kib", area.used_kib},
               {"priority", area.priority},    {"going_away", area.going_away}};
    entry["zram"] = nullptr;
    if (const auto& zram = area.zram)
        entry["zram"] = {{"stored_bytes", zram->stored_bytes},
                         {"compressed_bytes", zram->compressed_bytes},
                         {"memory_bytes", zram->memory_bytes},
                         {"limit_bytes", zram->limit_bytes},
                         {"most_memory_bytes", zram->most_memory_bytes},
                         {"same_pages", zram->same_pages},
                         {"huge_pages", zram->huge_pages}};
    return entry;
}

Json zswap(const std::optional<ZswapUse>& use) {
    if (!use) return nullptr;
    return {{"pool_bytes", use->pool_bytes},
            {"stored_bytes", use->stored_bytes},
            {"enabled", json_optional(use->enabled)}};
}

Json file_system(const MemoryFileSystem& system) {
    Json entry{{"type", json_text(system.type)}};
    entry["path"] = system.path.empty() ? Json(nullptr) : json_text(system.path);
    entry["limit_kib"] = json_optional(system.limit_kib);
    entry["used_kib"] = json_optional(system.used_kib);
    entry["files"] = system.files;
    entry["kib"] = system.kib;
    entry["swapped_kib"] = system.swapped_kib;
    entry["largest"] = list_of(system.largest, [](const MemoryFile& file) {
        return Json{{"name", file.name.empty() ? Json(nullptr) : json_text(file.name)},
                    {"kib", file.kib},
                    {"swapped_kib", file.swapped_kib},
                    {"deleted", file.deleted}};
    });
    return entry;
}

Json vmalloc_user(const VmallocUser& user) {
    return {{"caller", json_text(user.caller)},
            {"module", user.module.empty() ? Json(nullptr) : json_text(user.module)},
            {"areas", user.areas},
            {"bytes", user.bytes}};
}

Json huge_page_pool(const HugePageUse& pool) {
    return {{"page_bytes", pool.page_bytes}, {"total", pool.total},     {"free", pool.free},
            {"reserved", pool.reserved},     {"surplus", pool.surplus}, {"default", pool.is_default}};
}

Json hint(const MemoryHint& item) {
    return {{"title", item.title}, {"bytes", item.bytes}};
}

Json sum(const std::optional<MemorySum>& whole) {
    if (!whole) return nullptr;
    Json entry{{"total_bytes", whole->total_bytes}};
    entry["parts"] = list_of(whole->parts, [](const MemoryShare& part) {
        return Json{{"id", part.id}, {"title", part.title}, {"bytes", part.bytes}};
    });
    entry["unaccounted_bytes"] = whole->unaccounted_bytes;
    entry["hints"] = list_of(whole->hints, hint);
    entry["present_bytes"] = whole->present_bytes;
    entry["reserved"] = list_of(whole->reserved, hint);
    return entry;
}

}  // namespace

std::string to_json(const MemoryPicture& picture) {
    Json document{{"page_bytes", picture.page_bytes}, {"meminfo", meminfo(picture.meminfo)}};
    document["sum"] = sum(picture.sum);
    document["nodes"] = list_of(picture.nodes, node);
    document["zones"] = list_of(picture.zones, zone);
    document["migrate_types"] =
        list_of(picture.migrate_types, [](const std::string& name) { return json_text(name); });
    document["slab_caches"] = list_of(picture.slab_caches, slab_cache);
    document["swap_areas"] = list_of(picture.swap_areas, swap_area);
    document["zswap"] = zswap(picture.zswap);
    document["file_systems"] = list_of(picture.file_systems, file_system);
    document["vmalloc_users"] = list_of(picture.vmalloc_users, vmalloc_user);
    document["huge_pages"] = list_of(picture.huge_pages, huge_page_pool);
    Json settings = Json::object();
    for (const MemorySettingValue& setting : picture.settings) settings[setting.name] = setting.value;
    document["settings"] = std::move(settings);
    document["crash_kernel"] = nullptr;
    if (const auto& reserve = picture.crash_kernel)
        document["crash_kernel"] = {{"bytes", reserve->bytes},
                                    {"recommended_bytes", reserve->recommended_bytes},
                                    {"loaded", reserve->loaded}};
    document["problems"] = json_problems(picture.problems);
    return json_document(document);
}

}  // namespace postmortem
