#include "report/memory/meminfo_lines.h"

#include <algorithm>

#include "kernel/mm/block_devices.h"
#include "kernel/mm/counted_memory.h"
#include "kernel/mm/percpu_pool.h"
#include "kernel/mm/task_memory.h"
#include "kernel/mm/vmalloc_areas.h"
#include "kernel/mm/vmalloc_use.h"
#include "kernel/percpu_counter.h"

namespace postmortem {
namespace {

class LinesMaker {
  public:
    LinesMaker(const Kernel& kernel, const MeminfoSources& sources, ProblemCollector& problems)
        : kernel_(kernel),
          sources_(sources),
          counters_(sources.counters),
          page_kib_(kernel.dump().page_size() / 1024),
          problems_(problems) {}

    std::vector<MeminfoLine> make() {
        general();
        lists();
        high_memory();
        swap();
        pages();
        kernel_memory();
        limits();
        huge_pages();
        direct_map();
        return std::move(lines_);
    }

  private:
    void general();
    void lists();
    void high_memory();
    void swap();
    void pages();
    void kernel_memory();
    void vmalloc();
    void limits();
    void huge_pages();
    void direct_map();

    Result<std::uint64_t> count(std::initializer_list<std::string_view> names) const {
        return counters_.get(names);
    }
    bool shows_available() const;
    Result<std::uint64_t> available() const;
    Result<std::uint64_t> reclaimable_kernel_memory() const;
    std::uint64_t indirectly_reclaimable_pages() const;
    Result<std::uint64_t> swap_cache() const;
    Result<std::uint64_t> free_high_pages() const;
    Result<std::uint64_t> committed() const;

    // What a kernel is built with or without, told by a variable.
    bool may_have(std::string_view variable) const {
        const auto known = kernel_.symbol(variable);
        return known || known.error().code != ErrorCode::NotFound;
    }
    // A line that every kernel has.
    void kib(const char* name, Result<std::uint64_t> value) {
        if (value)
            lines_.push_back({name, *value, false});
        else
            problems_.add(name, value.error());
    }
    void line(const char* name, Result<std::uint64_t> in_pages) {
        kib(name, in_pages.map([this](std::uint64_t number) { return number * page_kib_; }));
    }
    // A line of some kernels and configurations.
    void line_if_any(const char* name, Result<std::uint64_t> in_pages) {
        if (in_pages || in_pages.error().code != ErrorCode::NotFound) line(name, std::move(in_pages));
    }
    // A line that stayed, with 0, when its counter went.
    void line_or_zero(const char* name, Result<std::uint64_t> in_pages) {
        const bool gone = !in_pages && in_pages.error().code == ErrorCode::NotFound;
        line(name, gone ? Result<std::uint64_t>(0) : std::move(in_pages));
    }
    static Result<std::uint64_t> sum(Result<std::uint64_t> a, const Result<std::uint64_t>& b) {
        if (!a) return a;
        if (!b) return b;
        return *a + *b;
    }

    const Kernel& kernel_;
    const MeminfoSources& sources_;
    const VmCounters& counters_;
    std::uint64_t page_kib_;
    ProblemCollector& problems_;
    std::vector<MeminfoLine> lines_;
};

Result<std::uint64_t> LinesMaker::reclaimable_kernel_memory() const {
    auto slab = count({"NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE"});
    if (!slab) return slab;
    // Since 4.20 (b29940c1abd7).
    return *slab + count({"NR_KERNEL_MISC_RECLAIMABLE"}).value_or(0);
}

// Before that in bytes (4.17, eb59254608bc, and stable releases of 4.14), beside the slabs and by none of
// their rules.
std::uint64_t LinesMaker::indirectly_reclaimable_pages() const {
    return count({"NR_INDIRECTLY_RECLAIMABLE_BYTES"}).value_or(0) / (page_kib_ * 1024);
}

// Since 3.14 (34e431b0ae39), the release of overcommit_kbytes (49f0ce5f9232). RHEL 6 has it behind a switch,
// and RHEL 7 as a function like 4.6 and later.
bool LinesMaker::shows_available() const {
    if (kernel_.symbol("sysctl_meminfo_legacy_layout")) return false;
    return kernel_.symbol("si_mem_available") || kernel_.symbol("sysctl_overcommit_kbytes");
}

// si_mem_available() (mm/show_mem.c): half of what can be reclaimed, or all but the low watermarks.
Result<std::uint64_t> LinesMaker::available() const {
    const auto free = count({"NR_FREE_PAGES"}), active = count({"NR_ACTIVE_FILE"}),
               inactive = count({"NR_INACTIVE_FILE"});
    const auto total_reserve = kernel_.word("totalreserve_pages");
    const auto reclaimable = reclaimable_kernel_memory();
    for (const auto* value : {&free, &active, &inactive, &total_reserve, &reclaimable})
        if (!*value) return *value;
    if (sources_.zones.nodes.empty()) return fail(ErrorCode::NotFound, "it needs the zones' watermarks");
    std::uint64_t low = 0;
    for (const NodeZones& node : sources_.zones.nodes)
        for (const MemoryZone& zone : node.zones) low += zone.low;
    // While it was no function (until 4.5) the low watermarks were what cannot be had.
    const std::uint64_t reserve = kernel_.symbol("si_mem_available") ? *total_reserve : low;
    const auto usable = [low](std::uint64_t pages) { return pages - std::min(pages / 2, low); };
    const auto sum = static_cast<std::int64_t>(*free - reserve + usable(*active + *inactive) +
                                               usable(*reclaimable) + indirectly_reclaimable_pages());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(sum, 0));
}

Result<std::uint64_t> LinesMaker::swap_cache() const {
    // A counter since 5.12 (b6038942480e).
    return counters_.has("NR_SWAPCACHE") ? count({"NR_SWAPCACHE"}) : count_swap_cache(kernel_);
}

void LinesMaker::general() {
    line("MemTotal", total_ram_pages(kernel_));
    line("MemFree", count({"NR_FREE_PAGES"}));
    if (shows_available()) line("MemAvailable", available());
    const auto buffers = count_buffer_pages(kernel_);
    line("Buffers", buffers);
    const auto cache = swap_cache(), files = count({"NR_FILE_PAGES"});
    if (buffers && cache && files)
        line("Cached", *files - std::min(*files, *cache + *buffers));
    else
        problems_.add("Cached", !buffers ? buffers.error() : !cache ? cache.error() : files.error());
    line("SwapCached", cache);
}

void LinesMaker::lists() {
    const auto active_anon = count({"NR_ACTIVE_ANON"}), inactive_anon = count({"NR_INACTIVE_ANON"}),
               active_file = count({"NR_ACTIVE_FILE"}), inactive_file = count({"NR_INACTIVE_FILE"});
    line("Active", sum(active_anon, active_file));
    line("Inactive", sum(inactive_anon, inactive_file));
    line("Active(anon)", active_anon);
    line("Inactive(anon)", inactive_anon);
    line("Active(file)", active_file);
    line("Inactive(file)", inactive_file);
    line("Unevictable", count({"NR_UNEVICTABLE"}));
    line("Mlocked", count({"NR_MLOCK"}));
}

// nr_free_highpages() (mm/highmem.c): the zone of that name, and the movable one where it lies above it.
Result<std::uint64_t> LinesMaker::free_high_pages() const {
    const auto index = counters_.zone_index("NR_FREE_PAGES");
    if (!index || sources_.zones.nodes.empty())
        return fail(ErrorCode::NotFound, "it needs the zones' counters");
    const auto high = kernel_.types().enumerator("zone_type", "ZONE_HIGHMEM");
    const auto movable = kernel_.number<std::int32_t>("movable_zone");
    const bool movable_is_high = high && movable && *movable == *high;
    std::uint64_t pages = 0;
    for (const NodeZones& node : sources_.zones.nodes)
        for (const MemoryZone& zone : node.zones)
            if ((zone.name == "HighMem" || (zone.name == "Movable" && movable_is_high)) &&
                *index < zone.counters.size())
                pages += static_cast<std::uint64_t>(std::max<std::int64_t>(zone.counters[*index], 0));
    return pages;
}

// With CONFIG_HIGHMEM alone.
void LinesMaker::high_memory() {
    // _totalhigh_pages since 5.0 (ca79b0c211af).
    const auto total = kernel_.word({"_totalhigh_pages", "totalhigh_pages"});
    const bool needs_none = kernel_.arch().word_size == 8;
    if (!total && (needs_none || total.error().code == ErrorCode::NotFound)) return;
    const auto less = [](const Result<std::uint64_t>& all, const Result<std::uint64_t>& part) {
        if (!all || !part) return all ? part : all;
        return Result<std::uint64_t>(*all - std::min(*all, *part));
    };
    const auto free = free_high_pages();
    line("HighTotal", total);
    line("HighFree", free);
    line("LowTotal", less(total_ram_pages(kernel_), total));
    line("LowFree", less(count({"NR_FREE_PAGES"}), free));
}

void LinesMaker::swap() {
    if (const auto& totals = sources_.swap.totals) {
        line("SwapTotal", totals->total_pages);
        line("SwapFree", totals->free_pages);
    }
    // These lines came with the events (f6498b776d28, 5.19).
    if (!kernel_.types().enumerator("vm_event_item", "ZSWPIN")) return;
    const auto zswap = read_zswap(kernel_);
    if (!zswap && zswap.error().code == ErrorCode::NotFound) return;
    kib("Zswap", zswap.map([](const ZswapState& state) { return state.pool_bytes / 1024; }));
    line("Zswapped", zswap.map([](const ZswapState& state) { return state.stored_pages; }));
}

void LinesMaker::pages() {
    line("Dirty", count({"NR_FILE_DIRTY"}));
    line("Writeback", count({"NR_WRITEBACK"}));
    line("AnonPages", mapped_anonymous_pages(kernel_, counters_));
    line("Mapped", count({"NR_FILE_MAPPED"}));
    line("Shmem", count({"NR_SHMEM"}));
}

void LinesMaker::kernel_memory() {
    const auto reclaimable = count({"NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE"}),
               unreclaimable = count({"NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE"});
    if (counters_.has("NR_KERNEL_MISC_RECLAIMABLE")) line("KReclaimable", reclaimable_kernel_memory());
    line("Slab", sum(reclaimable, unreclaimable));
    line("SReclaimable", reclaimable);
    line("SUnreclaim", unreclaimable);
    kib("KernelStack",
        kernel_stack_bytes(kernel_, counters_).map([](std::uint64_t bytes) { return bytes >> 10; }));
    if (counters_.has("NR_KERNEL_SCS_KB")) kib("ShadowCallStack", count({"NR_KERNEL_SCS_KB"}));
    line("PageTables", count({"NR_PAGETABLE"}));
    line_if_any("SecPageTables", count({"NR_SECONDARY_PAGETABLE"}));
    line_or_zero("NFS_Unstable", count({"NR_UNSTABLE_NFS"}));
    line_or_zero("Bounce", count({"NR_BOUNCE"}));
    line_or_zero("WritebackTmp", count({"NR_WRITEBACK_TEMP"}));
}

// vm_memory_committed() adds up every CPU's part since 5.9 (4e2ee51e78f1), when percpu_counter_sync() came.
Result<std::uint64_t> LinesMaker::committed() const {
    const Object counter = kernel_.variable("vm_committed_as", "percpu_counter");
    const bool exact = kernel_.symbol("percpu_counter_sync").has_value();
    const auto pages = exact ? percpu_counter_sum(kernel_, counter) : percpu_counter_read(counter);
    if (!pages) return fail(pages.error());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(*pages, 0));
}

// Until 4.3 the kernel looked at all areas to fill these two lines (a5ad88ce8c7f); until 5.2 it said 0.
void LinesMaker::vmalloc() {
    if (kernel_.symbol("get_vmalloc_info")) {
        const auto use = read_vmalloc_use(kernel_);
        kib("VmallocUsed", use.map([](const VmallocUse& all) { return all.used_bytes >> 10; }));
        kib("VmallocChunk", use.map([](const VmallocUse& all) { return all.largest_chunk >> 10; }));
        return;
    }
    line_or_zero("VmallocUsed", counted_vmalloc_pages(kernel_, counters_));
    kib("VmallocChunk", 0);
}

void LinesMaker::limits() {
    line("CommitLimit", commit_limit(kernel_, sources_));
    line("Committed_AS", committed());
    kib("VmallocTotal", vmalloc_space(kernel_).map([](std::uint64_t bytes) { return bytes >> 10; }));
    vmalloc();
    line_if_any("Percpu", read_percpu_pool(kernel_).map([](const PercpuPool& pool) { return pool.pages; }));
    if (kernel_.number<std::uint32_t>("early_memtest_done").value_or(0) != 0) {
        const auto bad = kernel_.word("early_memtest_bad_size");
        kib("EarlyMemtestBad", bad.map([](std::uint64_t bytes) { return bytes >> 10; }));
    }
    line_if_any("HardwareCorrupted", kernel_.word("num_poisoned_pages"));
}

void LinesMaker::huge_pages() {
    if (may_have("transparent_hugepage_flags")) {
        // Counted in huge pages until 5.11, in pages since 5.12 (69473e5de870), like NR_SWAPCACHE.
        constexpr std::uint64_t small_pages = 512;
        const std::uint64_t unit = counters_.has("NR_SWAPCACHE") ? 1 : small_pages;
        const auto huge = [&](std::initializer_list<std::string_view> names) {
            return count(names).map([unit](std::uint64_t number) { return number * unit; });
        };
        line("AnonHugePages", huge({"NR_ANON_THPS", "NR_ANON_TRANSPARENT_HUGEPAGES"}));
        line_if_any("ShmemHugePages", huge({"NR_SHMEM_THPS"}));
        line_if_any("ShmemPmdMapped", huge({"NR_SHMEM_PMDMAPPED"}));
        line_if_any("FileHugePages", huge({"NR_FILE_THPS"}));
        line_if_any("FilePmdMapped", huge({"NR_FILE_PMDMAPPED"}));
    }
    if (may_have("cma_area_count")) {
        line_if_any("CmaTotal", kernel_.word("totalcma_pages"));
        line_if_any("CmaFree", count({"NR_FREE_CMA_PAGES"}));
    }
    line_if_any("Unaccepted", count({"NR_UNACCEPTED"}));
    line_if_any("Balloon", count({"NR_BALLOON_PAGES"}));
    line_if_any("GPUActive", count({"NR_GPU_ACTIVE"}));
    line_if_any("GPUReclaim", count({"NR_GPU_RECLAIM"}));
    std::uint64_t bytes = 0;
    for (const HugePagePool& pool : sources_.huge_pages) {
        bytes += pool.bytes();
        if (!pool.is_default) continue;
        lines_.push_back({"HugePages_Total", pool.total, true});
        lines_.push_back({"HugePages_Free", pool.free, true});
        lines_.push_back({"HugePages_Rsvd", pool.reserved, true});
        lines_.push_back({"HugePages_Surp", pool.surplus, true});
        lines_.push_back({"Hugepagesize", pool.page_bytes / 1024, false});
    }
    // Since 4.16 (fcb2b0c577f1). The first of these came with 4.17, the other took its place in 4.20; stable
    // releases of 4.14 have the first, too, and still what went with 4.16 (d6cb41cc44c6).
    const bool sums_up =
        (counters_.has("NR_INDIRECTLY_RECLAIMABLE_BYTES") || counters_.has("NR_KERNEL_MISC_RECLAIMABLE")) &&
        !kernel_.symbol("hugepages_treat_as_movable");
    if (!sources_.huge_pages.empty() && sums_up) kib("Hugetlb", bytes / 1024);
}

void LinesMaker::direct_map() {
    const auto lines = kernel_.arch().memory.direct_map_lines;
    const auto counts = kernel_.symbol("direct_pages_count");
    if (!lines || !counts) return;
    for (const DirectMapLine& line : lines(kernel_.vmcoreinfo())) {
        if (line.condition && kernel_.number<std::uint32_t>(line.condition).value_or(0) == 0) continue;
        kib(line.name, kernel_.memory()
                           .word(*counts + kernel_.memory().word_size() * line.index)
                           .map([&](std::uint64_t pages) { return pages * line.page_kib; }));
    }
}

}  // namespace

Result<std::uint64_t> commit_limit(const Kernel& kernel, const MeminfoSources& sources) {
    const auto total = total_ram_pages(kernel);
    const auto kbytes = kernel.word("sysctl_overcommit_kbytes");
    const auto ratio = kernel.number<std::uint32_t>("sysctl_overcommit_ratio");
    if (!total) return total;
    if (!ratio) return fail(ratio.error());
    if (!sources.swap.totals) return fail(ErrorCode::NotFound, "it needs the size of swap");
    const std::uint64_t page = kernel.dump().page_size();
    std::uint64_t huge = 0;
    for (const HugePagePool& pool : sources.huge_pages) huge += pool.bytes() / page;
    const std::uint64_t allowed =
        kbytes.value_or(0) != 0 ? *kbytes / (page / 1024) : (*total - std::min(*total, huge)) * *ratio / 100;
    // What is being swapped off has left total_swap_pages, and counts no more.
    const auto swap = kernel.word("total_swap_pages");
    if (!swap) return swap;
    return allowed + *swap;
}

std::vector<MeminfoLine> make_meminfo_lines(const Kernel& kernel, const MeminfoSources& sources,
                                            ProblemCollector& problems) {
    return LinesMaker(kernel, sources, problems).make();
}

}  // namespace postmortem
