// What a report of the OOM killer says: its parts. null means that the log does not say it.
#include <postmortem/oom.h>

#include "output/json.h"
#include "report/oom/oom_fields.h"

namespace postmortem {

void describe(Describer<OomTrigger>& trigger) {
    trigger.is("trigger", "The task whose allocation could not be met");
    trigger.add("comm", &OomTrigger::comm, "its name");
    trigger.add("pid", &OomTrigger::pid, "its pid");
    trigger.add("cpu", &OomTrigger::cpu, "that it ran on");
    trigger.add("uid", &OomTrigger::uid, "printed since 6.11");
    trigger.add("gfp_mask", &OomTrigger::gfp_mask, "of the allocation").address();
    trigger.add("gfp_flags", &OomTrigger::gfp_flags, "the same as a list of names");
    trigger.add("gfp_flags_decoded", &OomTrigger::gfp_decoded,
                "that list is ours: from a table of that kernel's bits");
    trigger.add("order", &OomTrigger::order, "2^order pages were asked for; -1: by hand (sysrq f)");
    trigger.add("oom_adj", &OomTrigger::oom_adj, "-17 to 15, up to 2.6.35");
    trigger.add("oom_score_adj", &OomTrigger::oom_score_adj, "-1000 to 1000, since 2.6.36");
    trigger.add("nodemask", &OomTrigger::nodemask,
                "of the allocation, as kernels 4.10 to 4.19 print it here");
    trigger.add("kernel_release", &OomTrigger::kernel_release, "as the log names it");
    trigger.add("taint", &OomTrigger::taint, "`Not tainted`, or the letters");
    trigger.add("hardware", &OomTrigger::hardware, "as the kernel names the machine");
}

void describe(Describer<CgroupName>& name) {
    name.is("name of a control group", "Who a control group belongs to, read from its path");
    name.add("runtime", &CgroupName::runtime,
             "docker, containerd, cri-o, podman, lxc, libvirt, nspawn, slurm, …");
    name.add("container_id", &CgroupName::container_id, "as the runtime knows it");
    name.add("pod_uid", &CgroupName::pod_uid, "as kubectl prints metadata.uid");
    name.add("qos", &CgroupName::qos, "Guaranteed, Burstable or BestEffort");
    name.add("unit", &CgroupName::unit, "of systemd");
    name.add("user_unit", &CgroupName::user_unit, "of a user's own systemd");
    name.add("user", &CgroupName::user, "UID of the login that it belongs to");
    name.add("job", &CgroupName::job, "batch job, task or allocation of a scheduler");
    name.add("machine", &CgroupName::machine, "virtual machine or system container");
    name.add("kubernetes", &CgroupName::kubernetes, "it is one of kubelet's");
    name.add(
        "description", [](const CgroupName& n) { return n.description(); }, "one line for people");
}

void describe(Describer<OomMemcgUsage>& usage) {
    usage.add("name", &OomMemcgUsage::name, "`memory`, `memory+swap`, `swap`, `kmem`");
    usage.add("usage_kib", &OomMemcgUsage::usage_kib, "in use");
    usage.add(
        "limit_kib", [](const OomMemcgUsage& u) { return u.unlimited() ? std::nullopt : u.limit_kib; },
        "null: none, or not said");
    usage.add(
        "unlimited", [](const OomMemcgUsage& u) { return u.unlimited(); }, "there is no limit");
    usage.add("failcnt", &OomMemcgUsage::failcnt, "how often the limit was hit");
}

void describe(Describer<OomMemcgStats>& stats) {
    stats.add("path", &OomMemcgStats::path,
              "of the group; empty where kernels do not print it (3.9 and older)");
    stats.map("sizes_bytes", &OomMemcgStats::sizes_bytes, "by the kernel's names");
    stats.map("counts", &OomMemcgStats::counts, "by the kernel's names");
}

void describe(Describer<OomFreeBlocks>& blocks) {
    blocks.add("size_kib", &OomFreeBlocks::size_kib, "of one");
    blocks.add("count", &OomFreeBlocks::count, "of free ones");
    blocks.add("types", &OomFreeBlocks::types,
               "U unmovable, M movable, E reclaimable, H high-atomic, C CMA, I isolated, R reserve");
}

void describe(Describer<OomZone>& zone) {
    zone.is("zone of a report", "A zone as an OOM report prints it");
    zone.add("node", &OomZone::node, "null on UMA kernels");
    zone.add("name", &OomZone::name, "`DMA`, `Normal`, …");
    zone.add("free_kib", &OomZone::free_kib, "free");
    zone.add("boost_kib", &OomZone::boost_kib, "part of the watermarks, since 5.16");
    zone.add("min_kib", &OomZone::min_kib, "watermark");
    zone.add("low_kib", &OomZone::low_kib, "watermark");
    zone.add("high_kib", &OomZone::high_kib, "watermark");
    zone.add("present_kib", &OomZone::present_kib, "without holes");
    zone.add("managed_kib", &OomZone::managed_kib, "given to the page allocator; since 3.8");
    zone.map("counters_kib", &OomZone::counters_kib, "everything else of the line, by the kernel's names");
    zone.add("pages_scanned", &OomZone::pages_scanned, "since a page was last freed");
    zone.add("all_unreclaimable", &OomZone::all_unreclaimable, "reclaim had given up on it");
    zone.add("lowmem_reserve_pages", &OomZone::lowmem_reserve_pages,
             "kept from allocations that could also use the higher zone of that place");
    zone.add("free_blocks", &OomZone::free_blocks, "by their size");
    zone.add("free_blocks_total_kib", &OomZone::free_blocks_total_kib, "the kernel's own sum");
}

void describe(Describer<OomNode>& node) {
    node.add("node", &OomNode::id, "its number");
    node.map("counters_kib", &OomNode::counters_kib, "by the kernel's names");
    node.add("all_unreclaimable", &OomNode::all_unreclaimable, "reclaim had given up on it");
}

void describe(Describer<OomHugepages>& pool) {
    pool.add("node", &OomHugepages::node, "that they are on");
    pool.add("page_size_kib", &OomHugepages::page_size_kib, "of one");
    pool.add("total", &OomHugepages::total, "huge pages");
    pool.add("free", &OomHugepages::free, "huge pages");
    pool.add("surplus", &OomHugepages::surplus, "huge pages");
}

void describe(Describer<OomSlabCache>& cache) {
    cache.add("name", &OomSlabCache::name, "as in /proc/slabinfo");
    cache.add("used_kib", &OomSlabCache::used_kib, "in objects");
    cache.add("total_kib", &OomSlabCache::total_kib, "in slabs");
}

void describe(Describer<OomAllocationSite>& site) {
    site.add("bytes", &OomAllocationSite::bytes, "that it holds; rounded by kernels that print `3.0 GiB`");
    site.add("calls", &OomAllocationSite::calls, "that were not freed yet");
    site.add("file", &OomAllocationSite::file, "of the source");
    site.add("line", &OomAllocationSite::line, "in that file");
    site.add("module", &OomAllocationSite::module, "empty for the kernel itself");
    site.add("function", &OomAllocationSite::function, "that allocates");
}

void describe(Describer<OomSwap>& swap) {
    swap.add("total_kib", &OomSwap::total_kib, "all of it");
    swap.add("free_kib", &OomSwap::free_kib, "free");
    swap.add("cache_pages", &OomSwap::cache_pages, "in the swap cache");
}

void describe(Describer<OomMemInfo>& memory) {
    memory.is("memory in a report", "The state of the machine's memory as an OOM report prints it");
    memory.add("page_size_kib", &OomMemInfo::page_size_kib, "from the smallest block of the free lists");
    memory.map("totals_pages", &OomMemInfo::totals_pages, "by the kernel's names: `active_anon`, …");
    memory.map("page_counts", &OomMemInfo::page_counts, "the lines `n pages X` by X: `RAM`, `reserved`, …");
    memory.add("nodes", &OomMemInfo::nodes, "since 4.8");
    memory.add("zones", &OomMemInfo::zones, "in the report's order");
    memory.add("hugepages", &OomMemInfo::hugepages, "a pool for each size and node");
    memory.add("swap", &OomMemInfo::swap, "the machine's");
    memory.add("unreclaimable_slab", &OomMemInfo::slab, "printed where it outweighs the user pages");
    memory.add("allocations", &OomMemInfo::allocations,
               "the largest, of kernels that profile them (6.10 and later)");
}

void describe(Describer<OomTask>& task) {
    task.is("row of a process table", "It holds only the columns of its table");
    task.add("pid", &OomTask::pid, "of the process");
    task.add("uid", &OomTask::uid, "its user").or_left_out();
    task.add("tgid", &OomTask::tgid, "of the process").or_left_out();
    task.add("total_vm_pages", &OomTask::total_vm_pages, "size of the address space").or_left_out();
    task.add("rss_pages", &OomTask::rss_pages, "resident").or_left_out();
    task.add("rss_anon_pages", &OomTask::rss_anon_pages, "anonymous; since 6.8, as the next two")
        .or_left_out();
    task.add("rss_file_pages", &OomTask::rss_file_pages, "of files").or_left_out();
    task.add("rss_shmem_pages", &OomTask::rss_shmem_pages, "shared").or_left_out();
    task.add("page_table_pages", &OomTask::page_table_pages, "3.10 to 4.14").or_left_out();
    task.add("page_table_bytes", &OomTask::page_table_bytes, "since 4.15").or_left_out();
    task.add("swap_pages", &OomTask::swap_pages, "swapped out").or_left_out();
    task.add("cpu", &OomTask::cpu, "that it last ran on, of old kernels").or_left_out();
    task.add("oom_adj", &OomTask::oom_adj, "of old kernels").or_left_out();
    task.add("oom_score_adj", &OomTask::oom_score_adj, "-1000 to 1000").or_left_out();
    task.add("name", &OomTask::name, "of the program");
    task.map("other", &OomTask::other, "columns that no kernel known to us has").or_left_out();
}

void describe(Describer<OomTaskTable>& table) {
    table.add("columns", &OomTaskTable::columns, "as the header line names them");
    table.add("torn_rows", &OomTaskTable::torn_rows, "that could not be read, or only in part");
    table.add("tasks", &OomTaskTable::tasks, "a row stands for a whole process");
}

void describe(Describer<OomReaped>& left) {
    left.add("anon_rss_kib", &OomReaped::anon_rss_kib, "anonymous");
    left.add("file_rss_kib", &OomReaped::file_rss_kib, "of files");
    left.add("shmem_rss_kib", &OomReaped::shmem_rss_kib, "shared");
}

void describe(Describer<OomVictim>& victim) {
    victim.is("victim", "A process that the OOM killer killed");
    victim.add("pid", &OomVictim::pid, "its pid");
    victim.add("comm", &OomVictim::comm, "its name");
    victim.add("line", &OomVictim::line, "of the log, from 1");
    victim.add("uid", &OomVictim::uid, "its user");
    victim.add("total_vm_kib", &OomVictim::total_vm_kib, "size of the address space");
    victim.add("anon_rss_kib", &OomVictim::anon_rss_kib, "anonymous");
    victim.add("file_rss_kib", &OomVictim::file_rss_kib, "of files");
    victim.add("shmem_rss_kib", &OomVictim::shmem_rss_kib, "shared");
    victim.add("page_table_kib", &OomVictim::page_table_kib, "page tables");
    victim.add("oom_score_adj", &OomVictim::oom_score_adj, "-1000 to 1000");
    victim.add("reaped", &OomVictim::reaped, "what the OOM reaper left of it");
    victim.add("unable_to_reap", &OomVictim::unable_to_reap, "the OOM reaper gave up");
}

void describe(Describer<OomSelected>& selected) {
    selected.add("comm", &OomSelected::comm, "its name");
    selected.add("pid", &OomSelected::pid, "its pid");
    selected.add("uid", &OomSelected::uid, "its user");
    selected.add("score", &OomSelected::score,
                 "per mille of the memory since 2.6.36; pages with bonuses before");
}

}  // namespace postmortem
