#include "report/memory/memory_sum.h"

#include <algorithm>

#include "base/checked.h"
#include "kernel/mm/block_devices.h"
#include "kernel/mm/counted_memory.h"
#include "kernel/mm/memory_settings.h"
#include "kernel/mm/page_table_pages.h"
#include "kernel/mm/percpu_pool.h"
#include "kernel/mm/task_memory.h"
#include "kernel/mm/vmalloc_areas.h"

namespace postmortem {
namespace {

class Accountant {
  public:
    Accountant(const Kernel& kernel, const VmCounterNames& names, const MeminfoSources& sources,
               ProblemCollector& problems)
        : kernel_(kernel),
          sources_(sources),
          exact_(sources.zones.nodes.empty() ? sources.counters : exact_counters(sources.zones, names)),
          page_(kernel.dump().page_size()),
          problems_(problems) {}

    MemorySum make(std::uint64_t total_pages) {
        sum_.total_bytes = total_pages * page_;
        free_memory();
        user_memory();
        kernel_memory();
        finish();
        return std::move(sum_);
    }

  private:
    void free_memory();
    void user_memory();
    void kernel_memory();
    void finish();

    void part(const char* id, const char* title, std::uint64_t bytes) {
        if (bytes != 0) sum_.parts.push_back({id, title, bytes});
    }
    void pages(const char* id, const char* title, std::initializer_list<std::string_view> counters) {
        part(id, title, count(counters) * page_);
    }
    void unread(const char* title, const char* problem, const Error& why) {
        sum_.unread.emplace_back(title);
        problems_.add(problem, why);
    }
    std::uint64_t count(std::initializer_list<std::string_view> names) const {
        return exact_.get(names).value_or(0);
    }

    const Kernel& kernel_;
    const MeminfoSources& sources_;
    VmCounters exact_;
    std::uint64_t page_;
    ProblemCollector& problems_;
    MemorySum sum_;
};

void Accountant::free_memory() {
    pages("free", "free", {"NR_FREE_PAGES"});
    std::uint64_t kept = 0;
    if (sources_.zones.nodes.empty()) sum_.unread.emplace_back("free, kept at hand by CPUs");
    for (const NodeZones& node : sources_.zones.nodes)
        for (const MemoryZone& zone : node.zones)
            for (const ZonePageSet& set : zone.page_sets)
                kept += static_cast<std::uint64_t>(std::max<std::int64_t>(set.count, 0));
    part("per_cpu_free", "free, kept at hand by CPUs", kept * page_);
    pages("unaccepted", "not accepted from the hypervisor yet", {"NR_UNACCEPTED"});
}

// NR_FILE_PAGES counts files, block devices, shared memory and the swap cache alike. A page of the swap cache
// that a process has mapped is anonymous memory, too; how many such there are, the LRU lists tell: they hold
// each page once.
void Accountant::user_memory() {
    const std::uint64_t anon = mapped_anonymous_pages(kernel_, exact_).value_or(0),
                        files = count({"NR_FILE_PAGES"}), shmem = count({"NR_SHMEM"});
    const auto buffers = count_buffer_pages(kernel_);
    if (!buffers) problems_.add("the cache of block devices", buffers.error());
    const auto counted = exact_.get({"NR_SWAPCACHE"});
    const std::uint64_t swap_cache = counted ? *counted : count_swap_cache(kernel_).value_or(0);
    const std::uint64_t others = shmem + swap_cache + buffers.value_or(0);
    const std::uint64_t plain_files = files - std::min(files, others);

    std::uint64_t listed = 0;
    for (const char* list : {"NR_ACTIVE_ANON", "NR_INACTIVE_ANON", "NR_ACTIVE_FILE", "NR_INACTIVE_FILE",
                             "NR_UNEVICTABLE", "NR_ISOLATED_ANON", "NR_ISOLATED_FILE"})
        listed += count({list});
    const std::uint64_t without_swap_cache = anon + plain_files + shmem + buffers.value_or(0);
    const std::uint64_t unmapped = std::min(swap_cache, listed - std::min(listed, without_swap_cache));

    part("anon", "anonymous memory of processes", anon * page_);
    part("swap_cache", "swap cache that no process has mapped", unmapped * page_);
    part("page_cache", "page cache of files", plain_files * page_);
    part("buffers", "page cache of block devices", buffers.value_or(0) * page_);
    part("shmem", "tmpfs and shared memory", shmem * page_);
    std::uint64_t huge = 0;
    for (const HugePagePool& pool : sources_.huge_pages) huge += pool.bytes();
    part("hugetlb", "huge pages set aside", huge);
    const auto pools = kernel_.symbol("hstates");
    if (!pools && pools.error().code != ErrorCode::NotFound) sum_.unread.emplace_back("huge pages set aside");
}

void Accountant::kernel_memory() {
    pages("slab_reclaimable", "slab, reclaimable", {"NR_SLAB_RECLAIMABLE_B", "NR_SLAB_RECLAIMABLE"});
    pages("slab_unreclaimable", "slab, unreclaimable", {"NR_SLAB_UNRECLAIMABLE_B", "NR_SLAB_UNRECLAIMABLE"});
    pages("kernel_reclaimable", "other reclaimable kernel memory", {"NR_KERNEL_MISC_RECLAIMABLE"});
    const std::uint64_t stacks = kernel_stack_bytes(kernel_, exact_).value_or(0);
    part("kernel_stacks", "kernel stacks", stacks);
    pages("page_tables", "page tables", {"NR_PAGETABLE"});
    pages("secondary_page_tables", "page tables of virtual machines and IOMMUs", {"NR_SECONDARY_PAGETABLE"});
    const auto percpu = read_percpu_pool(kernel_);
    const auto boot = percpu.and_then([](const PercpuPool& pool) { return pool.boot_pages; });
    if (boot)
        part("percpu", "per-CPU variables", (percpu->pages - *boot) * page_);
    else if (percpu || percpu.error().code != ErrorCode::NotFound)  // counted since 4.20 (7e8a6304d541)
        unread("per-CPU variables", "the per-CPU memory", boot.error());
    if (const auto vmalloc = vmalloc_pages(kernel_, exact_)) {
        // With CONFIG_VMAP_STACK the stacks come from vmalloc().
        const bool stacks_inside = kernel_.types().offset_of("task_struct", "stack_vm_area").has_value();
        const std::uint64_t bytes = *vmalloc * page_;
        part("vmalloc", "vmalloc (without kernel stacks)",
             bytes - (stacks_inside ? std::min(bytes, stacks) : 0));
    } else {
        unread("vmalloc", "the vmalloc memory", vmalloc.error());
    }
    pages("zsmalloc", "compressed pages of zram and zswap", {"NR_ZSPAGES"});
    pages("bounce", "bounce buffers", {"NR_BOUNCE"});
    pages("gpu_active", "memory of graphics devices", {"NR_GPU_ACTIVE"});
    pages("gpu_reclaim", "pools of graphics devices", {"NR_GPU_RECLAIM"});
}

void Accountant::finish() {
    std::sort(sum_.parts.begin(), sum_.parts.end(),
              [](const MemoryShare& a, const MemoryShare& b) { return a.bytes > b.bytes; });
    std::uint64_t accounted = 0;
    for (const MemoryShare& share : sum_.parts) accounted += share.bytes;
    sum_.unaccounted_bytes = static_cast<std::int64_t>(sum_.total_bytes - accounted);
}

// Known parts of what no counter shows.
void describe_unaccounted(const Kernel& kernel, std::uint64_t counted_page_tables, MemorySum& sum,
                          ProblemCollector& problems) {
    const std::uint64_t page = kernel.dump().page_size();
    const auto requests = count_request_pages(kernel);
    if (!requests)
        problems.add("the requests of block devices", requests.error());
    else if (*requests != 0)
        sum.hints.push_back({"requests that block devices keep ready (blk-mq)", *requests * page});
    const auto tables = count_page_table_pages(kernel);
    if (!tables && tables.error().code != ErrorCode::NotFound)
        problems.add("the page tables of processes", tables.error());
    else if (tables && tables->pages > counted_page_tables)
        sum.hints.push_back({tables->all_levels ? "upper levels of page tables, about"
                                                : "upper levels of page tables, at least",
                             (tables->pages - counted_page_tables) * page});
}

// What the page allocator never got: the kernel itself, its map of the memory, and what was asked for at
// boot.
void describe_reserved(const Kernel& kernel, const MeminfoSources& sources, MemorySum& sum,
                       ProblemCollector& problems) {
    const std::uint64_t page = kernel.dump().page_size();
    std::uint64_t present = 0, spanned = 0;
    for (const NodeZones& node : sources.zones.nodes)
        for (const MemoryZone& zone : node.zones) {
            present += zone.present;
            spanned += zone.present == 0 ? 0 : zone.spanned;
        }
    sum.present_bytes = present * page;
    if (const auto reservation = read_crash_reservation(kernel); reservation && reservation->bytes != 0)
        sum.reserved.push_back(
            {"memory kept for the capture kernel", reservation->bytes + reservation->low_bytes});
    if (const auto size = kernel.types().size_of("page"); size && spanned != 0)
        sum.reserved.push_back({"map of all pages (struct page), about", spanned * *size});
    const auto start = kernel.symbol("_text"), end = kernel.symbol("_end");
    if (start && end && *end > *start)
        sum.reserved.push_back({"kernel image", *end - *start});
    else
        problems.add("the size of the kernel image",
                     !start ? start.error()
                     : !end ? end.error()
                            : Error(ErrorCode::Corrupt, "it ends before it starts"));
    if (const auto percpu = read_percpu_pool(kernel); percpu && percpu->boot_pages.value_or(0) != 0)
        sum.reserved.push_back({"per-CPU variables since boot", *percpu->boot_pages * page});
}

}  // namespace

std::optional<MemorySum> make_memory_sum(const Kernel& kernel, const VmCounterNames& names,
                                         const MeminfoSources& sources, ProblemCollector& problems) {
    const auto total = total_ram_pages(kernel);
    if (!total) {
        problems.add("the sum", total.error());
        return std::nullopt;
    }
    MemorySum sum = Accountant(kernel, names, sources, problems).make(*total);
    describe_reserved(kernel, sources, sum, problems);
    describe_unaccounted(kernel, sources.counters.get("NR_PAGETABLE").value_or(0), sum, problems);
    return sum;
}

}  // namespace postmortem
