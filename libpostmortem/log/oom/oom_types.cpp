// The few questions that the plain structs of <postmortem/oom.h> answer themselves.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include <postmortem/oom.h>

namespace postmortem {

std::optional<std::uint64_t> find_counter(const OomCounters& counters, std::string_view name) {
    const auto found =
        std::find_if(counters.begin(), counters.end(), [&](const OomCounter& c) { return c.name == name; });
    return found == counters.end() ? std::nullopt : std::optional(found->value);
}

std::string_view to_string(OomScope scope) {
    switch (scope) {
        case OomScope::Global: return "global";
        case OomScope::Memcg: return "memcg";
        case OomScope::Unknown: break;
    }
    return "unknown";
}

std::string_view to_string(OomConstraint constraint) {
    switch (constraint) {
        case OomConstraint::None: return "CONSTRAINT_NONE";
        case OomConstraint::Cpuset: return "CONSTRAINT_CPUSET";
        case OomConstraint::MemoryPolicy: return "CONSTRAINT_MEMORY_POLICY";
        case OomConstraint::Memcg: return "CONSTRAINT_MEMCG";
        case OomConstraint::Unknown: break;
    }
    return "unknown";
}

std::string_view to_string(OomFindingKind kind) {
    switch (kind) {
        case OomFindingKind::MemcgLimit: return "memcg-limit";
        case OomFindingKind::MemcgParentLimit: return "memcg-parent-limit";
        case OomFindingKind::MemcgSwapLimit: return "memcg-swap-limit";
        case OomFindingKind::MemcgKernelMemory: return "memcg-kernel-memory";
        case OomFindingKind::MemcgPageCache: return "memcg-page-cache";
        case OomFindingKind::MemcgShmem: return "memcg-shmem";
        case OomFindingKind::Watermark: return "watermark";
        case OomFindingKind::Fragmentation: return "fragmentation";
        case OomFindingKind::ZoneExhausted: return "zone-exhausted";
        case OomFindingKind::CmaUnusable: return "cma-unusable";
        case OomFindingKind::CpusetBinding: return "cpuset-binding";
        case OomFindingKind::PolicyBinding: return "policy-binding";
        case OomFindingKind::MemoryWasFree: return "memory-was-free";
        case OomFindingKind::PageFault: return "page-fault";
        case OomFindingKind::Manual: return "manual";
        case OomFindingKind::SwapAbsent: return "swap-absent";
        case OomFindingKind::SwapFull: return "swap-full";
        case OomFindingKind::SwapNotEnough: return "swap-not-enough";
        case OomFindingKind::AnonymousMemory: return "anonymous-memory";
        case OomFindingKind::SlabLeak: return "slab-leak";
        case OomFindingKind::PageTables: return "page-tables";
        case OomFindingKind::KernelStacks: return "kernel-stacks";
        case OomFindingKind::Shmem: return "shmem";
        case OomFindingKind::Hugepages: return "hugepages";
        case OomFindingKind::Vmalloc: return "vmalloc";
        case OomFindingKind::PerCpuMemory: return "per-cpu-memory";
        case OomFindingKind::CompressedMemory: return "compressed-memory";
        case OomFindingKind::Unaccounted: return "unaccounted";
        case OomFindingKind::Unevictable: return "unevictable";
        case OomFindingKind::DirtyCache: return "dirty-cache";
        case OomFindingKind::VictimLargest: return "victim-largest";
        case OomFindingKind::VictimNotLargest: return "victim-not-largest";
        case OomFindingKind::VictimIsChild: return "victim-is-child";
        case OomFindingKind::VictimIsTrigger: return "victim-is-trigger";
        case OomFindingKind::GroupKill: return "group-kill";
        case OomFindingKind::NotReaped: return "not-reaped";
        case OomFindingKind::NoVictim: return "no-victim";
        case OomFindingKind::Panic: return "panic";
    }
    return "unknown";
}

const OomMemcgUsage* OomMemcg::find_usage(std::string_view name) const {
    const auto found =
        std::find_if(usage.begin(), usage.end(), [&](const OomMemcgUsage& u) { return u.name == name; });
    return found == usage.end() ? nullptr : &*found;
}

std::string OomZone::title() const {
    return node ? fmt::format("Node {} {}", *node, name) : name;
}

std::optional<std::uint64_t> OomMemInfo::ram_pages() const {
    return find_counter(page_counts, "RAM");
}

std::optional<std::uint64_t> OomMemInfo::reserved_pages() const {
    return find_counter(page_counts, "reserved");
}

const OomTask* OomTaskTable::find(std::int64_t pid) const {
    const auto found =
        std::find_if(tasks.begin(), tasks.end(), [&](const OomTask& task) { return task.pid == pid; });
    return found == tasks.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> OomVictim::rss_kib() const {
    if (!anon_rss_kib && !file_rss_kib) return std::nullopt;
    constexpr std::uint64_t bound = std::numeric_limits<std::uint64_t>::max() / 4;
    return std::min(anon_rss_kib.value_or(0), bound) + std::min(file_rss_kib.value_or(0), bound) +
           std::min(shmem_rss_kib.value_or(0), bound);
}

bool OomEvent::killed_other_than_selected() const {
    return selected && selected->pid && !victims.empty() && victims.front().pid != *selected->pid;
}

bool OomVerdict::has(OomFindingKind kind) const {
    const auto same = [&](const OomFinding& finding) { return finding.kind == kind; };
    return std::any_of(why.begin(), why.end(), same) || std::any_of(who.begin(), who.end(), same);
}

}  // namespace postmortem
