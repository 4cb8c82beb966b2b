#include "report/oom/oom_scene.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/bytes.h"

namespace postmortem {
namespace {

// How Mem-Info calls the counters of /proc/vmstat (mm/show_mem.c): "nr_" goes, a few have names of their own.
struct Renamed {
    std::string_view from, to;
};
constexpr std::array renamed = {
    Renamed{"nr_file_dirty", "dirty"},
    Renamed{"nr_page_table_pages", "pagetables"},
    Renamed{"nr_sec_page_table_pages", "sec_pagetables"},
    Renamed{"nr_free_pages", "free"},
    Renamed{"nr_free_cma", "free_cma"},
    Renamed{"nr_anon_transparent_hugepages", "anon_thp"},
};

std::string mem_info_name(std::string_view vmstat) {
    for (const Renamed& one : renamed)
        if (one.from == vmstat) return std::string(one.to);
    return std::string(vmstat.starts_with("nr_") ? vmstat.substr(3) : vmstat);
}

// What a report's balance calls the part. Its anonymous memory is that of the LRU lists: tmpfs is among it.
std::string balance_name(const MemoryShare& part) {
    static constexpr std::array names = {Renamed{"anon", "anonymous"},
                                         Renamed{"shmem", "anonymous"},
                                         Renamed{"swap_cache", "anonymous"},
                                         Renamed{"page_cache", "file"},
                                         Renamed{"buffers", "file"},
                                         Renamed{"hugetlb", "huge page pool"},
                                         Renamed{"slab_reclaimable", "slab, reclaimable"},
                                         Renamed{"slab_unreclaimable", "slab, unreclaimable"},
                                         Renamed{"kernel_stacks", "kernel stacks"},
                                         Renamed{"page_tables", "page tables"},
                                         Renamed{"free", "free"},
                                         Renamed{"per_cpu_free", "free"}};
    for (const Renamed& one : names)
        if (one.from == part.id) return std::string(one.to);
    return part.title;
}

class SceneMaker {
  public:
    SceneMaker(const MemoryPicture& picture, const OomTable* processes)
        : picture_(picture), processes_(processes), page_kib_(picture.page_bytes / bytes_per_kib) {}

    OomEvent make() {
        event_.is_scene = true;
        event_.scope = OomScope::Global;
        event_.memory.page_size_kib = page_kib_;
        add_totals();
        for (const NodeUse& node : picture_.nodes) add_node(node);
        for (const ZoneUse& zone : picture_.zones) add_zone(zone);
        for (const HugePageUse& pool : picture_.huge_pages)
            event_.memory.hugepages.push_back(
                {std::nullopt, pool.page_bytes / bytes_per_kib, pool.total, pool.free, pool.surplus});
        add_swap();
        add_slab();
        if (processes_) add_processes();
        event_.has_mem_info = !event_.memory.zones.empty();
        return std::move(event_);
    }

  private:
    void add_totals() {
        OomCounters& totals = event_.memory.totals_pages;
        const auto add = [&](const std::vector<VmCounter>& counters) {
            for (const VmCounter& counter : counters) {
                const std::string name = mem_info_name(counter.name);
                const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(counter.value, 0));
                const auto known = std::find_if(totals.begin(), totals.end(),
                                                [&](const OomCounter& one) { return one.name == name; });
                if (known == totals.end())
                    totals.push_back({name, value});
                else
                    known->value += value;
            }
        };
        for (const NodeUse& node : picture_.nodes) add(node.counters);
        for (const ZoneUse& zone : picture_.zones) add(zone.counters);
        std::uint64_t present = 0, managed = 0, kept = 0;
        for (const ZoneUse& zone : picture_.zones) {
            present += zone.present;
            managed += zone.managed;
            for (const CpuPageList& list : zone.cpu_lists)
                kept += static_cast<std::uint64_t>(std::max<std::int64_t>(list.count, 0));
        }
        totals.push_back({"free_pcp", kept});
        event_.memory.page_counts = {{"RAM", present}, {"reserved", present - std::min(present, managed)}};
    }

    void add_node(const NodeUse& use) {
        OomNode node;
        node.id = use.id;
        node.all_unreclaimable = use.unreclaimable;
        for (const VmCounter& counter : use.counters) {
            const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(counter.value, 0));
            // The kernel counts stacks in KiB and prints them so.
            const bool in_kib = counter.name == "nr_kernel_stack";
            node.counters_kib.push_back({mem_info_name(counter.name), in_kib ? value : value * page_kib_});
        }
        event_.memory.nodes.push_back(std::move(node));
    }

    void add_zone(const ZoneUse& use) {
        // A zone without pages is in no report.
        if (use.managed == 0) return;
        OomZone zone;
        zone.node = use.node;
        zone.name = use.name;
        zone.free_kib = use.free * page_kib_;
        zone.min_kib = use.min * page_kib_;
        zone.low_kib = use.low * page_kib_;
        zone.high_kib = use.high * page_kib_;
        if (use.boost) zone.boost_kib = *use.boost * page_kib_;
        zone.present_kib = use.present * page_kib_;
        zone.managed_kib = use.managed * page_kib_;
        zone.lowmem_reserve_pages = use.lowmem_reserve;
        if (use.reserved_highatomic)
            zone.counters_kib.push_back({"reserved_highatomic", *use.reserved_highatomic * page_kib_});
        for (const VmCounter& counter : use.counters)
            zone.counters_kib.push_back(
                {mem_info_name(counter.name),
                 static_cast<std::uint64_t>(std::max<std::int64_t>(counter.value, 0)) * page_kib_});
        for (const FreeBlocks& blocks : use.free_blocks)
            zone.free_blocks.push_back({page_kib_ << blocks.order, blocks.blocks, types_of(blocks)});
        event_.memory.zones.push_back(std::move(zone));
    }

    // The letters behind a block size in a report (mm/show_mem.c: show_migration_types).
    std::string types_of(const FreeBlocks& blocks) const {
        struct Letter {
            std::string_view type;
            char letter;
        };
        static constexpr std::array letters = {Letter{"Unmovable", 'U'},   Letter{"Movable", 'M'},
                                               Letter{"Reclaimable", 'E'}, Letter{"HighAtomic", 'H'},
                                               Letter{"CMA", 'C'},         Letter{"Isolate", 'I'}};
        std::string text;
        for (std::size_t i = 0; i < std::min(blocks.by_type.size(), picture_.migrate_types.size()); ++i) {
            const auto known = std::find_if(letters.begin(), letters.end(), [&](const Letter& letter) {
                return letter.type == picture_.migrate_types[i];
            });
            if (blocks.by_type[i] > 0 && known != letters.end()) text += known->letter;
        }
        return text;
    }

    void add_swap() {
        event_.memory.swap.total_kib = picture_.line("SwapTotal");
        event_.memory.swap.free_kib = picture_.line("SwapFree");
    }

    void add_slab() {
        for (const SlabCacheUse& cache : picture_.slab_caches) {
            if (cache.reclaimable) continue;
            event_.memory.slab.push_back({cache.name,
                                          cache.active_objects * cache.stride_bytes / bytes_per_kib,
                                          cache.bytes / bytes_per_kib});
        }
    }

    void add_processes() {
        event_.has_task_table = true;
        OomTaskTable& table = event_.task_table;
        table.columns = {"uid",       "tgid",           "total_vm", "rss",           "rss_anon", "rss_file",
                         "rss_shmem", "pgtables_bytes", "swapents", "oom_score_adj", "name"};
        for (const OomProcess& process : processes_->processes) {
            if (!process.memory) continue;
            const OomMemory& held = *process.memory;
            OomTask task;
            task.pid = process.pid;
            task.tgid = process.pid;
            task.uid = process.uid;
            task.total_vm_pages = process.total_vm_pages;
            task.rss_pages = held.rss_pages();
            task.rss_anon_pages = held.anon_pages;
            task.rss_file_pages = held.file_pages;
            task.rss_shmem_pages = held.shmem_pages;
            task.page_table_bytes = held.page_table_bytes;
            task.swap_pages = held.swap_entries;
            task.oom_score_adj = process.oom_score_adj;
            task.name = process.comm;
            table.tasks.push_back(std::move(task));
        }
    }

    const MemoryPicture& picture_;
    const OomTable* processes_;
    std::uint64_t page_kib_;
    OomEvent event_;
};

}  // namespace

OomEvent make_oom_scene(const MemoryPicture& picture, const OomTable* processes) {
    return SceneMaker(picture, processes).make();
}

std::optional<OomBalance> make_oom_balance(const MemoryPicture& picture) {
    if (!picture.sum || picture.sum->total_bytes == 0) return std::nullopt;
    OomBalance balance;
    balance.total_kib = picture.sum->total_bytes / bytes_per_kib;
    balance.unaccounted_kib = picture.sum->unaccounted_bytes / static_cast<std::int64_t>(bytes_per_kib);
    balance.parts_unread = !picture.sum->unread.empty();
    for (const MemoryShare& part : picture.sum->parts) {
        const std::string name = balance_name(part);
        const std::uint64_t kib = part.bytes / bytes_per_kib;
        const auto known = std::find_if(balance.parts_kib.begin(), balance.parts_kib.end(),
                                        [&](const OomCounter& one) { return one.name == name; });
        if (known == balance.parts_kib.end())
            balance.parts_kib.push_back({name, kib});
        else
            known->value += kib;
        if (part.id == "shmem") balance.shmem_kib = kib;
    }
    return balance;
}

}  // namespace postmortem
