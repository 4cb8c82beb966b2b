// Who held the memory: the parts of the balance that stand out, and the processes of the table added up by
// name and by user. A leak in the kernel is named only where the counters show it.
#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t max_consumers = 10;
constexpr std::uint64_t noticeable_kib = 64 * 1024;

std::optional<std::uint64_t> part(const OomBalance& balance, std::string_view name) {
    return find_counter(balance.parts_kib, name);
}

struct Threshold {
    OomFindingKind kind;
    std::string_view part;
    std::uint64_t at_least_percent;
    std::string_view text;
};

constexpr Threshold thresholds[] = {
    {OomFindingKind::Unevictable, "unevictable", 20, "is unevictable (mlock, ramfs, SHM_LOCK)"},
    {OomFindingKind::PageTables, "page tables", 10, "are page tables"},
    {OomFindingKind::KernelStacks, "kernel stacks", 5, "are kernel stacks: very many threads"},
    {OomFindingKind::Hugepages, "huge page pool", 20, "is set aside for huge pages"},
};

OomFinding share(OomFindingKind kind, std::uint64_t kib, const OomBalance& balance, std::string_view text) {
    return finding(kind,
                   fmt::format("{} ({} of {}) {}", size_text(kib), percent_text(kib, balance.total_kib),
                               size_text(balance.total_kib), text),
                   {evidence(to_string(kind), kib, "kB"), evidence("total", balance.total_kib, "kB")});
}

std::string largest_caches(const OomMemInfo& memory) {
    std::vector<const OomSlabCache*> caches;
    for (const OomSlabCache& cache : memory.slab) caches.push_back(&cache);
    const std::size_t shown = std::min<std::size_t>(3, caches.size());
    std::partial_sort(
        caches.begin(), caches.begin() + static_cast<std::ptrdiff_t>(shown), caches.end(),
        [](const OomSlabCache* a, const OomSlabCache* b) { return a->total_kib > b->total_kib; });
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < shown; ++i)
        parts.push_back(fmt::format("{} {}", caches[i]->name, size_text(caches[i]->total_kib)));
    return fmt::format("{}", fmt::join(parts, ", "));
}

void explain_slab(const OomEvent& event, const OomBalance& balance, OomVerdict& verdict) {
    const auto unreclaimable = part(balance, "slab, unreclaimable");
    const auto reclaimable = part(balance, "slab, reclaimable");
    const auto undivided = part(balance, "slab");  // up to 2.6.27
    if (unreclaimable && *unreclaimable * 5 >= balance.total_kib) {
        OomFinding found =
            share(OomFindingKind::SlabLeak, *unreclaimable, balance, "is slab that cannot be reclaimed");
        if (!event.memory.slab.empty()) found.text += "; largest caches: " + largest_caches(event.memory);
        verdict.who.push_back(std::move(found));
    }
    const auto rest = undivided ? undivided : reclaimable;
    if (rest && *rest * 5 >= balance.total_kib) {
        verdict.who.push_back(
            share(OomFindingKind::SlabLeak, *rest, balance,
                  undivided ? "is slab" : "is slab that counts as reclaimable and was not reclaimed"));
    }
}

void explain_unaccounted(const OomEvent& event, const OomBalance& balance, OomVerdict& verdict) {
    // What is free is in the zones.
    if (event.is_scene && event.memory.zones.empty()) return;
    if (balance.parts_unread || balance.unaccounted_kib < static_cast<std::int64_t>(noticeable_kib)) return;
    const auto kib = static_cast<std::uint64_t>(balance.unaccounted_kib);
    if (kib * 100 < balance.total_kib * 15) return;
    const std::string_view where =
        event.is_scene
            ? "is accounted to nothing: neither processes nor page cache, slab, vmalloc or per-CPU memory, "
              "but "
              "pages that the kernel or a driver took straight from the page allocator (network and GPU "
              "buffers, a balloon, a leak)"
            : "is in no counter of the report: neither processes nor page cache nor slab, but pages that "
              "the kernel or a driver took directly (vmalloc, per-CPU, network and GPU buffers, balloon)";
    OomFinding found = share(OomFindingKind::Unaccounted, kib, balance, where);
    if (!event.memory.allocations.empty()) {
        const OomAllocationSite& site = event.memory.allocations.front();
        found.text += fmt::format("; largest allocation site: {} ({}:{}) {}", site.function, site.file,
                                  site.line, size_text(site.bytes / 1024));
    }
    verdict.who.push_back(std::move(found));
}

void explain_balance(const OomEvent& event, const OomBalance& balance, OomVerdict& verdict) {
    for (const Threshold& threshold : thresholds) {
        const auto kib = part(balance, threshold.part);
        if (!kib || *kib * 100 < balance.total_kib * threshold.at_least_percent) continue;
        verdict.who.push_back(share(threshold.kind, *kib, balance, threshold.text));
    }
    // The LRU lists of anonymous memory hold tmpfs and shared memory as well.
    const std::uint64_t lists = part(balance, "anonymous").value_or(0);
    const std::uint64_t anonymous = lists - std::min(lists, balance.shmem_kib.value_or(0));
    if (anonymous * 2 >= balance.total_kib)
        verdict.who.push_back(
            share(OomFindingKind::AnonymousMemory, anonymous, balance, "is anonymous memory of processes"));
    if (balance.shmem_kib && *balance.shmem_kib * 5 >= balance.total_kib)
        verdict.who.push_back(share(OomFindingKind::Shmem, *balance.shmem_kib, balance,
                                    "is shared memory and tmpfs: no process gives it back by dying"));
    explain_slab(event, balance, verdict);
    explain_unaccounted(event, balance, verdict);
    const PageSize page = page_size(event);
    const std::uint64_t dirty =
        (event.memory.total("dirty").value_or(0) + event.memory.total("writeback").value_or(0)) * page.kib;
    if (dirty * 10 >= balance.total_kib)
        verdict.who.push_back(
            share(OomFindingKind::DirtyCache, dirty, balance, "waits to be written to disk"));
}

template <class Key>
std::vector<OomHolder> ranked(std::map<Key, OomHolder>& groups) {
    std::vector<OomHolder> consumers;
    for (auto& [key, consumer] : groups) consumers.push_back(std::move(consumer));
    std::stable_sort(consumers.begin(), consumers.end(), [](const OomHolder& a, const OomHolder& b) {
        return a.rss_pages + a.swap_pages > b.rss_pages + b.swap_pages;
    });
    if (consumers.size() > max_consumers) consumers.resize(max_consumers);
    return consumers;
}

void add(OomHolder& consumer, const OomTask& task) {
    ++consumer.processes;
    consumer.rss_pages += task.rss_pages.value_or(0);
    consumer.swap_pages += task.swap_pages.value_or(0);
}

void rank_consumers(const OomTaskTable& table, OomVerdict& verdict) {
    std::map<std::string, OomHolder> names;
    std::map<std::uint64_t, OomHolder> users;
    for (const OomTask& task : table.tasks) {
        OomHolder& by_name = names[task.name];
        by_name.name = task.name;
        add(by_name, task);
        if (!task.uid) continue;
        OomHolder& by_user = users[*task.uid];
        by_user.name = fmt::format("uid {}", *task.uid);
        by_user.uid = task.uid;
        add(by_user, task);
    }
    verdict.top_names = ranked(names);
    verdict.top_users = ranked(users);
}

}  // namespace

void explain_holders(const OomEvent& event, OomVerdict& verdict) {
    if (!verdict.balance) verdict.balance = balance_of(event);  // a dump's memory has a better one
    if (verdict.balance && event.scope != OomScope::Memcg) explain_balance(event, *verdict.balance, verdict);
    if (!verdict.balance && event.scope == OomScope::Global)
        verdict.unknown.emplace_back(event.is_scene ? "where the memory was: its counters could not be read"
                                                    : "where the memory was: Mem-Info is missing or cut");
    rank_consumers(event.task_table, verdict);
    if (!event.has_task_table)
        verdict.unknown.emplace_back("which processes were large: there is no task table");
}

}  // namespace postmortem::oom
