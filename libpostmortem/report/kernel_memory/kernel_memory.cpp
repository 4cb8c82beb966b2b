#include "report/kernel_memory/kernel_memory.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <postmortem/memory_layout.h>

#include "base/checked.h"
#include "kernel/cpus.h"
#include "kernel/mm/hugetlb.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/slab_arrays.h"
#include "kernel/mm/slab_caches.h"
#include "kernel/mm/slab_lists.h"
#include "kernel/mm/slab_objects.h"
#include "kernel/mm/zones.h"
#include "kernel/percpu.h"
#include "memory/words.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_zones_of_node = 8;
constexpr std::uint32_t most_events = 1024;

// A part of /proc/meminfo in pages, and what it is a part of.
struct TotalLine {
    const char* name;
    const char* line;
    const char* of;
};

constexpr std::array<TotalLine, 5> memory_lines = {{{"FREE", "MemFree", "TOTAL MEM"},
                                                    {"USED", "", "TOTAL MEM"},
                                                    {"BUFFERS", "Buffers", "TOTAL MEM"},
                                                    {"CACHED", "Cached", "TOTAL MEM"},
                                                    {"SLAB", "Slab", "TOTAL MEM"}}};

class TotalsMaker {
  public:
    TotalsMaker(const MemoryPicture& picture, std::uint64_t page_bytes, KernelMemory& memory)
        : picture_(picture), kib_per_page_(std::max<std::uint64_t>(page_bytes / 1024, 1)), memory_(memory) {}

    std::optional<std::uint64_t> pages(std::string_view line) const {
        const auto kib = picture_.line(line);
        return kib ? std::optional(*kib / kib_per_page_) : std::nullopt;
    }
    void add(const char* name, std::optional<std::uint64_t> pages, const char* of,
             std::optional<std::uint64_t> whole) {
        if (!pages) return;
        MemoryTotal total{name, *pages, of, std::nullopt};
        if (*of != '\0' && whole)
            total.percent = *whole == 0 ? 0 : static_cast<std::uint32_t>(*pages * 100 / *whole);
        memory_.totals.push_back(std::move(total));
    }
    void add_huge_pages() {
        std::uint64_t total = 0, free = 0;
        for (const HugePageUse& pool : picture_.huge_pages) {
            total += pool.total * (pool.page_bytes / 1024 / kib_per_page_);
            free += pool.free * (pool.page_bytes / 1024 / kib_per_page_);
        }
        add("TOTAL HUGE", total, "", std::nullopt);
        add("HUGE FREE", free, "TOTAL HUGE", total);
    }

  private:
    const MemoryPicture& picture_;
    std::uint64_t kib_per_page_;
    KernelMemory& memory_;
};

std::optional<std::uint64_t> difference(std::optional<std::uint64_t> whole,
                                        std::optional<std::uint64_t> part) {
    return whole && part ? std::optional(*whole - std::min(*whole, *part)) : std::nullopt;
}

// "64kB", "2048kB", "1048576kB": how the kernel names its pools (mm/hugetlb.c).
std::string pool_name(std::uint64_t page_bytes) {
    return fmt::format("hugepages-{}kB", page_bytes / 1024);
}

std::vector<std::pair<std::string, std::int64_t>> named_counters(const TypeFinder& types,
                                                                 std::string_view enum_name,
                                                                 const CounterValues& values) {
    std::vector<std::pair<std::string, std::int64_t>> named;
    const auto type = types.find(TypeKind::Enum, enum_name);
    if (!type) return named;
    // Of several names of one number the last is the counter's: NR_LRU_BASE goes before NR_INACTIVE_ANON.
    std::map<std::int64_t, std::string> names;
    for (const Enumerator& item : types.get(*type).enumerators) names[item.value] = item.name;
    for (const auto& [index, name] : names)
        if (index >= 0 && static_cast<std::uint64_t>(index) < values.size())
            named.emplace_back(name, values[static_cast<std::size_t>(index)]);
    return named;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr const char* what_cpus_keep = "how many objects CPUs keep at hand";

/// Free objects that count as active because a CPU has them at hand, of SLUB or SLAB.
class KeptObjects {
  public:
    explicit KeptObjects(const Kernel& kernel) {
        if (has_slab_lists(kernel))
            arrays_.emplace(SlabArrays::open(kernel));
        else
            objects_.emplace(SlabObjects::open(kernel));
    }
    const Error* missing() const {
        if (arrays_) return *arrays_ ? nullptr : &arrays_->error();
        return *objects_ ? nullptr : &objects_->error();
    }
    Result<std::uint64_t> of(const SlabCache& cache) const {
        if (arrays_) return (*arrays_)->kept(cache.address);
        return (*objects_)->kept_by_cpus(cache.address).map([&](std::uint64_t kept) {
            return kept + cache.objects_in_sheaves;
        });
    }

  private:
    std::optional<Result<SlabArrays>> arrays_;
    std::optional<Result<SlabObjects>> objects_;
};

}  // namespace

// As crash counts them: those with more than one reference, but for what is reserved.
std::optional<std::uint64_t> shared_pages(const CrashDump& dump, ProblemCollector& problems) {
    const auto reserved = dump.kernel().types().enumerator("pageflags", "PG_reserved");
    if (!reserved || *reserved < 0 || *reserved > 63) {
        problems.add("which pages are reserved",
                     reserved ? Error(ErrorCode::Corrupt, "its number is no bit") : reserved.error());
        return std::nullopt;
    }
    std::uint64_t count = 0;
    const Problems unread = visit_pages(dump, [&](const PageRow& page) {
        count += page.count > 1 && (page.flags >> *reserved & 1) == 0;
        return true;
    });
    problems.add_all(unread);
    return unread.empty() ? std::optional(count) : std::nullopt;
}

void add_memory_totals(const CrashDump& dump, bool shared, KernelMemory& memory, ProblemCollector& problems) {
    MemoryRequest request;
    request.zones = request.slab = request.file_systems = request.vmalloc = request.sum = false;
    const MemoryPicture picture = dump.memory(request);
    problems.add_all(picture.problems);
    TotalsMaker maker(picture, memory.page_bytes, memory);
    const auto total = maker.pages("MemTotal");
    maker.add("TOTAL MEM", total, "", std::nullopt);
    for (const TotalLine& line : memory_lines) {
        const bool used = *line.line == '\0';
        maker.add(line.name, used ? difference(total, maker.pages("MemFree")) : maker.pages(line.line),
                  line.of, total);
        if (used && shared) maker.add("SHARED", shared_pages(dump, problems), "TOTAL MEM", total);
    }
    const auto high = maker.pages("HighTotal"), low = maker.pages("LowTotal");
    maker.add("TOTAL HIGH", high, "TOTAL MEM", total);
    maker.add("FREE HIGH", maker.pages("HighFree"), "TOTAL HIGH", high);
    maker.add("TOTAL LOW", low, "TOTAL MEM", total);
    maker.add("FREE LOW", maker.pages("LowFree"), "TOTAL LOW", low);
    // None were read: that they are 0 is true of a kernel without them alone.
    const auto pools = dump.kernel().symbol("hstates");
    const bool none = !pools && pools.error().code == ErrorCode::NotFound;
    if (none || !picture.huge_pages.empty()) maker.add_huge_pages();
    const auto swap = maker.pages("SwapTotal"), swap_free = maker.pages("SwapFree");
    maker.add("TOTAL SWAP", swap, "", std::nullopt);
    maker.add("SWAP USED", difference(swap, swap_free), "TOTAL SWAP", swap);
    maker.add("SWAP FREE", swap_free, "TOTAL SWAP", swap);
    const auto limit = maker.pages("CommitLimit");
    maker.add("COMMIT LIMIT", limit, "", std::nullopt);
    maker.add("COMMITTED", maker.pages("Committed_AS"), "TOTAL LIMIT", limit);
}

Result<void> add_slab_caches(const Kernel& kernel, const CacheChoice& choice, KernelMemory& memory,
                             ProblemCollector& problems) {
    const SlabCacheList list = read_each_slab_cache(kernel);
    problems.add_all(list.problems);
    const KeptObjects kept_objects(kernel);
    if (kept_objects.missing()) problems.add(what_cpus_keep, *kept_objects.missing());
    const std::vector<std::string>& names = choice.names;
    std::vector<std::string> missing = names;
    missing.insert(missing.end(), choice.ignored.begin(), choice.ignored.end());
    for (const SlabCache& cache : list.caches) {
        const bool ignored = holds(choice.ignored, cache.name);
        std::erase(missing, cache.name);
        if (!names.empty() && !holds(names, cache.name)) continue;
        SlabCacheRow row;
        row.address = cache.address;
        row.name = cache.name;
        row.object_bytes = cache.object_size;
        row.total = cache.total_objects;
        row.slabs = cache.slabs;
        row.slab_bytes = cache.pages_per_slab * memory.page_bytes;
        row.ignored = ignored;
        if (!kept_objects.missing()) {
            const auto at_hand = kept_objects.of(cache);
            if (at_hand) row.allocated = cache.active_objects - std::min(*at_hand, cache.active_objects);
            if (!at_hand) problems.add(what_cpus_keep, "of " + cache.name, at_hand.error());
        }
        memory.caches.push_back(std::move(row));
    }
    for (const std::string& name : missing) {
        if (!list.problems.empty()) {
            // It may be among those that the dump lacks.
            problems.add("the slab cache", name,
                         {ErrorCode::NotFound, "none of the caches that could be read has this name"});
            continue;
        }
        Error error(ErrorCode::NotFound, fmt::format("no slab cache is named {}", name));
        if (memory.caches.empty()) return fail(std::move(error));
        problems.add(std::move(error));
    }
    return {};
}

SlabCacheRow slab_cache_row(const Kernel& kernel, std::uint64_t cache, ProblemCollector& problems) {
    constexpr std::size_t longest_name = 256;
    SlabCacheRow row;
    row.address = cache;
    const auto name = kernel.object("kmem_cache", cache)["name"].string(longest_name);
    if (!name) problems.add("the cache's name", name.error());
    row.name = name.value_or("?");
    KernelMemory one;
    one.page_bytes = kernel.physical().page_size();
    if (name && add_slab_caches(kernel, {{*name}, {}}, one, problems))
        for (SlabCacheRow& known : one.caches)
            if (known.address == cache) row = std::move(known);
    return row;
}

// Zones keep both until 3.11.
void add_reclaim(const Object& zone, ZoneRow& row, ProblemCollector& problems) {
    if (!zone.has("all_unreclaimable")) return;
    const auto given_up = zone["all_unreclaimable"].u64(), scanned = zone["pages_scanned"].u64();
    if (!given_up || !scanned)
        return problems.add("what was reclaimed", given_up ? scanned.error() : given_up.error());
    row.all_unreclaimable = *given_up != 0;
    row.pages_scanned = *scanned;
}

void add_zones(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    const auto names = VmCounterNames::read(kernel);
    const auto nodes = read_memory_nodes(kernel);
    if (!names) return problems.add("the zones", names.error());
    if (!nodes) return problems.add("the zones", nodes.error());
    for (const MemoryNode& node : *nodes) {
        const Object zones = kernel.object("pglist_data", node.address)["node_zones"];
        const std::uint64_t count = zones.ok() ? std::min(zones.type().count, most_zones_of_node) : 0;
        for (std::uint64_t i = 0; i < count; ++i) {
            const Object zone = zones.at(i);
            ZoneRow row;
            row.node = node.id;
            row.index = static_cast<std::uint32_t>(i);
            row.address = zone.address();
            const auto name = zone["name"].string();
            const auto size = zone["spanned_pages"].u64(), present = zone["present_pages"].u64();
            if (!name || !size || !present) {
                problems.add("a zone", !name ? name.error() : !size ? size.error() : present.error());
                continue;
            }
            row.name = *name;
            row.size = *size;
            row.present = *present;
            const Object marks = zone.first_of({"_watermark", "watermark"});  // the former since 5.0
            row.min = marks.at(0).u64_or(0);
            row.low = marks.at(1).u64_or(0);
            row.high = marks.at(2).u64_or(0);
            add_reclaim(zone, row, problems);
            const auto values = read_counters(kernel, zone["vm_stat"].address(), names->zone.size());
            if (values)
                row.counters = named_counters(kernel.types(), "zone_stat_item", *values);
            else
                problems.add("a zone's counters", values.error());
            memory.zones.push_back(std::move(row));
        }
    }
}

// Those of the whole machine that until 5.14 (f19298b9516c) each change of a CPU's own was added to.
void add_numa_counters(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    const auto count = kernel.types().enumerator("numa_stat_item", "NR_VM_NUMA_STAT_ITEMS");
    const auto table = kernel.symbol("vm_numa_stat");
    if (!table || !count || *count <= 0 || *count > most_events) return;
    const auto values = read_counters(kernel, *table, static_cast<std::size_t>(*count));
    if (!values) return problems.add("NUMA's counters", values.error());
    memory.counters.push_back({"VM_NUMA_STAT", named_counters(kernel.types(), "numa_stat_item", *values)});
}

// vm_event_states counts for each CPU (include/linux/vmstat.h).
void add_counters(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    const auto names = VmCounterNames::read(kernel);
    const auto counters = names ? VmCounters::read(kernel, *names) : fail(names.error());
    if (!counters) return problems.add("the counters", counters.error());
    const bool by_node = names->node.size() != 0;
    memory.counters.push_back({by_node ? "VM_ZONE_STAT" : "VM_STAT",
                               named_counters(kernel.types(), "zone_stat_item", counters->zone())});
    if (by_node)
        memory.counters.push_back(
            {"VM_NODE_STAT", named_counters(kernel.types(), "node_stat_item", counters->node())});
    add_numa_counters(kernel, memory, problems);
    const auto count = kernel.types().enumerator("vm_event_item", "NR_VM_EVENT_ITEMS");
    const auto cpus = read_cpu_mask(kernel, "possible");
    if (!count || *count <= 0 || *count > most_events || !cpus) return;
    CounterValues sum(static_cast<std::size_t>(*count));
    for (const std::uint32_t cpu : *cpus) {
        const auto own = per_cpu_address(kernel, "vm_event_states", cpu);
        const auto values = own ? signed_words(kernel.memory(), *own, sum.size()) : fail(own.error());
        if (!values) return problems.add("the events", values.error());
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = wrapping_add(sum[i], (*values)[i]);
    }
    memory.counters.push_back({"VM_EVENT_STATES", named_counters(kernel.types(), "vm_event_item", sum)});
}

void add_per_cpu_offsets(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    const auto cpus = read_running_cpus(kernel);
    if (!cpus) return problems.add("the CPUs", cpus.error());
    for (const std::uint32_t cpu : *cpus) {
        const auto offset = per_cpu_address(kernel, std::uint64_t{0}, cpu);
        if (offset)
            memory.per_cpu.emplace_back(cpu, *offset);
        else
            problems.add("a per-CPU offset", offset.error());
    }
}

std::vector<PageFlagRow> page_flag_rows(const Kernel& kernel) {
    std::vector<PageFlagRow> rows;
    const auto type = kernel.types().find(TypeKind::Enum, "pageflags");
    if (!type) return rows;
    for (const Enumerator& item : kernel.types().get(*type).enumerators)
        if (item.name.starts_with("PG_") && item.value >= 0 && item.value < 64)
            rows.push_back({item.name, static_cast<std::uint32_t>(item.value)});
    return rows;
}

void add_page_flags(const Kernel& kernel, std::optional<std::uint64_t> flags, KernelMemory& memory,
                    ProblemCollector& problems) {
    const auto count = kernel.types().enumerator("pageflags", "__NR_PAGEFLAGS");
    if (!count) return problems.add("the page flags", count.error());
    memory.flags = flags;
    memory.flag_digits = static_cast<std::uint32_t>(*count) / 4 + 1;
    for (PageFlagRow& row : page_flag_rows(kernel)) {
        const std::uint64_t mask = 1ull << row.bit;
        memory.longest_flag = std::max(memory.longest_flag, static_cast<std::uint32_t>(row.name.size()));
        if (flags && !(*flags & mask)) continue;
        memory.page_flags.push_back(std::move(row));
    }
}

void add_huge_pages(const Kernel& kernel, KernelMemory& memory, ProblemCollector& problems) {
    const auto pools = read_huge_page_pools(kernel);
    if (!pools) return problems.add("the huge pages", pools.error());
    auto& rows = memory.huge_pages.emplace();
    const auto table = kernel.symbol("hstates");
    const auto stride = kernel.types().size_of("hstate");
    for (std::size_t i = 0; i < pools->size(); ++i) {
        const HugePagePool& pool = (*pools)[i];
        rows.push_back({table && stride ? *table + i * *stride : 0, pool.page_bytes, pool.free, pool.total,
                        pool_name(pool.page_bytes)});
    }
}

Result<KernelMemory> kernel_memory(const CrashDump& dump, const KernelMemoryRequest& request) {
    const Kernel& kernel = dump.kernel();
    KernelMemory memory;
    memory.page_bytes = kernel.physical().page_size();
    ProblemCollector problems;
    if (request.totals) add_memory_totals(dump, request.shared, memory, problems);
    memory.names_alone = request.names_alone;
    if (request.slabs)
        if (auto done = add_slab_caches(kernel, {request.caches, request.ignored}, memory, problems); !done)
            return fail(std::move(done.error()));
    if (request.zones) add_zones(kernel, memory, problems);
    if (request.counters) add_counters(kernel, memory, problems);
    if (request.per_cpu) add_per_cpu_offsets(kernel, memory, problems);
    if (request.page_flags) add_page_flags(kernel, request.flags, memory, problems);
    if (request.huge_pages) add_huge_pages(kernel, memory, problems);
    if (request.vmalloc) add_vmalloc(kernel, memory, problems);
    if (request.address) add_address(dump, request, memory, problems);
    memory.problems = problems.take();
    return memory;
}

}  // namespace postmortem
