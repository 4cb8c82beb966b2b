// Adds Mem-Info up: what the LRU lists, slab, page tables, stacks and huge pages hold, what is free, and what
// is left that no counter of the report shows (vmalloc, per-CPU memory, pages that drivers took, ZFS,
// balloons).
#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "report/oom/oom_verdict.h"

namespace postmortem::oom {
namespace {

// A counter that the kernel prints for each node (4.10+) or each zone (before), added up.
std::optional<std::uint64_t> sum_of(const OomMemInfo& memory, std::string_view name) {
    std::optional<std::uint64_t> sum;
    const auto add = [&](const OomCounters& counters) {
        if (const auto kib = find_counter(counters, name)) sum = sum.value_or(0) + *kib;
    };
    for (const OomNode& node : memory.nodes) add(node.counters_kib);
    if (sum) return sum;
    for (const OomZone& zone : memory.zones) add(zone.counters_kib);
    return sum;
}

std::optional<std::uint64_t> sum_of_totals(const OomMemInfo& memory,
                                           std::initializer_list<std::string_view> names) {
    std::optional<std::uint64_t> sum;
    for (const std::string_view name : names) {
        if (const auto pages = memory.total(name)) sum = sum.value_or(0) + *pages;
    }
    return sum;
}

void add_part(OomBalance& balance, std::string_view name, std::optional<std::uint64_t> kib) {
    if (kib) balance.parts_kib.push_back({std::string(name), *kib});
}

}  // namespace

OomFinding finding(OomFindingKind kind, std::string text, std::initializer_list<OomEvidence> numbers) {
    return {kind, std::move(text), numbers};
}

OomEvidence evidence(std::string_view name, std::uint64_t value, std::string_view unit) {
    const std::uint64_t bounded = std::min<std::uint64_t>(value, std::numeric_limits<std::int64_t>::max());
    return {std::string(name), static_cast<std::int64_t>(bounded), std::string(unit)};
}

std::optional<OomBalance> balance_of(const OomEvent& event) {
    const OomMemInfo& memory = event.memory;
    const auto ram = memory.ram_pages();
    const auto reserved = memory.reserved_pages();
    const auto free = memory.total("free");
    const auto slab = sum_of_totals(memory, {"slab_reclaimable", "slab_unreclaimable", "slab"});
    const auto anonymous = sum_of_totals(memory, {"active_anon", "inactive_anon", "isolated_anon"});
    const auto file = sum_of_totals(memory, {"active_file", "inactive_file", "isolated_file"});
    const auto lists = sum_of_totals(memory, {"Active", "inactive"});  // up to 2.6.27: not told apart
    const bool complete =
        ram && reserved && *ram > *reserved && free && slab && (lists || (anonymous && file));
    if (!complete) return std::nullopt;

    const PageSize page = page_size(event);
    const auto kib = [&](std::optional<std::uint64_t> pages) {
        return pages ? std::optional(*pages * page.kib) : std::nullopt;
    };
    OomBalance balance;
    balance.page_size_assumed = page.assumed;
    balance.total_kib = (*ram - *reserved) * page.kib;
    add_part(balance, "anonymous", kib(anonymous));
    add_part(balance, "file", kib(file));
    add_part(balance, "anonymous and file", kib(lists));
    add_part(balance, "unevictable", kib(memory.total("unevictable")));
    add_part(balance, "slab, unreclaimable", kib(memory.total("slab_unreclaimable")));
    add_part(balance, "slab, reclaimable", kib(memory.total("slab_reclaimable")));
    add_part(balance, "slab", kib(memory.total("slab")));
    add_part(balance, "page tables", kib(sum_of_totals(memory, {"pagetables", "sec_pagetables"})));
    add_part(balance, "kernel stacks", sum_of(memory, "kernel_stack"));
    add_part(balance, "bounce", kib(memory.total("bounce")));
    add_part(balance, "other reclaimable", kib(memory.total("kernel_misc_reclaimable")));
    std::uint64_t huge = 0;
    for (const OomHugepages& pool : memory.hugepages) huge += pool.total * pool.page_size_kib;
    if (!memory.hugepages.empty()) add_part(balance, "huge page pool", huge);
    add_part(balance, "free", kib(sum_of_totals(memory, {"free", "free_pcp"})));
    balance.shmem_kib = kib(memory.total("shmem"));

    const std::uint64_t accounted =
        std::accumulate(balance.parts_kib.begin(), balance.parts_kib.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const OomCounter& part) { return sum + part.value; });
    balance.unaccounted_kib = static_cast<std::int64_t>(balance.total_kib - accounted);
    return balance;
}

}  // namespace postmortem::oom
