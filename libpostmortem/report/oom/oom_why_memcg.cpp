// Why a memory cgroup was out of memory: whose limit, memory or swap, and what of the cgroup's memory could
// not be reclaimed. Sources: mm/memcontrol.c: mem_cgroup_print_oom_meminfo, memory_stat_format.
#include <algorithm>

#include <fmt/format.h>

#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

const OomMemcgStats* stats_of(const OomMemcg& memcg) {
    for (const OomMemcgStats& stats : memcg.stats) {
        if (memcg.oom_path && stats.path == *memcg.oom_path) return &stats;
    }
    return memcg.stats.size() == 1 ? &memcg.stats.front() : nullptr;
}

std::optional<std::uint64_t> stat_kib(const OomMemcgStats& stats,
                                      std::initializer_list<std::string_view> names) {
    std::optional<std::uint64_t> sum;
    for (const std::string_view name : names) {
        if (const auto bytes = find_counter(stats.sizes_bytes, name)) sum = sum.value_or(0) + *bytes / 1024;
    }
    return sum;
}

std::string cgroup_text(const std::optional<std::string>& path) {
    if (!path) return "the memory cgroup";
    const std::string name = name_cgroup(*path).description();
    return name.empty() ? fmt::format("memory cgroup {}", *path) : name;
}

void explain_limit(const OomEvent& event, OomVerdict& verdict) {
    const OomMemcg& memcg = event.memcg;
    const OomMemcgUsage* const memory = memcg.find_usage("memory");
    if (memory == nullptr || !memory->usage_kib || !memory->limit_kib) {
        verdict.unknown.emplace_back("usage and limit of the cgroup");
        if (memcg.oom_path || event.scope == OomScope::Memcg)
            verdict.why.push_back(
                finding(OomFindingKind::MemcgLimit, cgroup_text(memcg.oom_path) + " met its memory limit"));
        return;
    }
    const auto numbers = {evidence("usage", *memory->usage_kib, "kB"),
                          evidence("limit", *memory->limit_kib, "kB"),
                          evidence("failcnt", memory->failcnt.value_or(0), "")};
    if (memory->unlimited()) return;
    const bool full = *memory->usage_kib >= *memory->limit_kib - *memory->limit_kib / 50;
    std::string text = fmt::format("{} {}: {} of {} used", cgroup_text(memcg.oom_path),
                                   full ? "is at its memory limit" : "met its memory limit",
                                   size_text(*memory->usage_kib), size_text(*memory->limit_kib));
    if (!full) text += " (when the report was printed)";
    if (memory->failcnt.value_or(0) > 0)
        text += fmt::format("; the limit was hit {} times", *memory->failcnt);
    verdict.why.push_back({OomFindingKind::MemcgLimit, std::move(text), numbers});
}

void explain_parent(const OomMemcg& memcg, OomVerdict& verdict) {
    if (!memcg.oom_path || !memcg.task_path || *memcg.oom_path == *memcg.task_path) return;
    verdict.why.push_back(
        finding(OomFindingKind::MemcgParentLimit,
                fmt::format("the limit is not the victim's own but that of the group around it ({}): "
                            "everything below it counts, not only {}",
                            *memcg.oom_path, *memcg.task_path)));
}

// memory+swap (v1) and swap (v2) have limits of their own.
void explain_swap_limit(const OomMemcg& memcg, OomVerdict& verdict) {
    for (const std::string_view name : {"memory+swap", "swap"}) {
        const OomMemcgUsage* const usage = memcg.find_usage(name);
        if (usage == nullptr || !usage->usage_kib || !usage->limit_kib || usage->unlimited()) continue;
        if (*usage->usage_kib < *usage->limit_kib - *usage->limit_kib / 50) continue;
        const auto numbers = {evidence(name, *usage->usage_kib, "kB"),
                              evidence("limit", *usage->limit_kib, "kB")};
        const std::string text =
            *usage->limit_kib == 0 ? "the cgroup may not use swap (limit 0)"
                                   : fmt::format("the cgroup's {} is at its limit too: {} of {}", name,
                                                 size_text(*usage->usage_kib), size_text(*usage->limit_kib));
        verdict.why.push_back(finding(OomFindingKind::MemcgSwapLimit, text, numbers));
    }
}

struct Share {
    OomFindingKind kind;
    std::optional<std::uint64_t> kib;
    std::uint64_t at_least_percent;
    std::string_view text;
};

// What the charged memory is, where one kind of it stands out.
void explain_content(const OomMemcg& memcg, OomVerdict& verdict) {
    const OomMemcgUsage* const memory = memcg.find_usage("memory");
    const OomMemcgStats* const stats = stats_of(memcg);
    if (memory == nullptr || !memory->usage_kib || *memory->usage_kib == 0) return;
    const std::uint64_t whole = *memory->usage_kib;
    const OomMemcgUsage* const kmem = memcg.find_usage("kmem");
    std::optional<std::uint64_t> kernel = kmem == nullptr ? std::nullopt : kmem->usage_kib;
    if (stats == nullptr) {
        verdict.unknown.emplace_back("what the cgroup's memory is: its statistics are missing");
    } else if (const auto stat = stat_kib(*stats, {"kernel"})) {
        kernel = stat;
    } else if (!kernel) {
        kernel = stat_kib(*stats, {"kernel_stack", "slab", "pagetables", "percpu"});
    }
    const auto stat = [&](std::initializer_list<std::string_view> names) {
        return stats == nullptr ? std::nullopt : stat_kib(*stats, names);
    };
    const auto shmem = stat({"shmem"});
    auto file = stat({"file"});  // v2: holds shmem as well, as does v1's cache
    if (!file) file = stat({"cache"});
    if (file && shmem) file = *file - std::min(*file, *shmem);
    auto anonymous = stat({"anon"});
    if (!anonymous) anonymous = stat({"rss"});
    auto dirty = stat({"file_dirty", "file_writeback"});
    if (!dirty) dirty = stat({"dirty", "writeback"});

    const Share shares[] = {
        {OomFindingKind::AnonymousMemory, anonymous, 50, "is anonymous memory of its processes"},
        {OomFindingKind::MemcgShmem, shmem, 20,
         "is shared memory or files on tmpfs (emptyDir in memory, /dev/shm)"},
        {OomFindingKind::MemcgKernelMemory, kernel, 20, "is kernel memory (slab, page tables, stacks)"},
        {OomFindingKind::MemcgPageCache, file, 50,
         "is page cache, which could be reclaimed but for what is dirty or in use"},
        {OomFindingKind::DirtyCache, dirty, 20,
         "is dirty or being written: reclaim had to wait for the disk"},
    };
    for (const Share& share : shares) {
        if (!share.kib || *share.kib * 100 < whole * share.at_least_percent) continue;
        verdict.who.push_back(
            finding(share.kind,
                    fmt::format("{} ({}) of the cgroup's memory {}", size_text(*share.kib),
                                percent_text(*share.kib, whole), share.text),
                    {evidence(to_string(share.kind), *share.kib, "kB"), evidence("usage", whole, "kB")}));
    }
}

}  // namespace

void explain_memcg(const OomEvent& event, OomVerdict& verdict) {
    explain_limit(event, verdict);
    explain_parent(event.memcg, verdict);
    explain_swap_limit(event.memcg, verdict);
    explain_content(event.memcg, verdict);
}

}  // namespace postmortem::oom
