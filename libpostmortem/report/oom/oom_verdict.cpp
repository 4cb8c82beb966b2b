// Puts the verdict together: why, who, what next, and one sentence above it all.
#include "report/oom/oom_verdict.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace oom {
namespace {

std::string cause_text(const OomEvent& event, const OomVerdict& verdict) {
    if (event.scope == OomScope::Memcg) {
        std::string who = verdict.oom_cgroup ? verdict.oom_cgroup->description() : "";
        if (who.empty())
            who = event.memcg.oom_path ? "memory cgroup " + *event.memcg.oom_path : "a memory cgroup";
        const OomMemcgUsage* const memory = event.memcg.find_usage("memory");
        const bool limited = memory != nullptr && memory->limit_kib && !memory->unlimited();
        return limited
                   ? fmt::format("the memory limit of {}, {}, was met", who, size_text(*memory->limit_kib))
                   : fmt::format("the memory limit of {} was met", who);
    }
    if (event.sysrq) return "the OOM killer was called by hand";
    if (event.page_fault) return "a page fault called the OOM killer";
    if (verdict.has(OomFindingKind::PolicyBinding)) return "the nodes of a memory policy ran out of memory";
    if (verdict.has(OomFindingKind::CpusetBinding)) return "the nodes of a cpuset ran out of memory";
    if (verdict.has(OomFindingKind::ZoneExhausted))
        return "a low zone ran out of memory while others had some";
    if (verdict.has(OomFindingKind::CmaUnusable)) return "memory was free, but in CMA areas";
    if (verdict.has(OomFindingKind::Fragmentation))
        return "the free memory was in pieces too small for the request";
    if (event.scope == OomScope::Global) return "the machine ran out of memory";
    return "the OOM killer ran";
}

struct Holder {
    OomFindingKind kind;
    std::string_view text;
};
constexpr Holder holders[] = {
    {OomFindingKind::SlabLeak, "in the kernel's slab caches"},
    {OomFindingKind::Vmalloc, "taken by vmalloc"},
    {OomFindingKind::PerCpuMemory, "per-CPU memory"},
    {OomFindingKind::CompressedMemory, "compressed by zram or zswap"},
    {OomFindingKind::Unaccounted, "in pages that no counter shows"},
    {OomFindingKind::PageTables, "in page tables"},
    {OomFindingKind::Shmem, "in shared memory and tmpfs"},
    {OomFindingKind::Hugepages, "set aside for huge pages"},
    {OomFindingKind::Unevictable, "locked"},
};

std::string outcome_text(const OomEvent& event) {
    if (!event.victims.empty()) {
        const OomVictim& victim = event.victims.front();
        std::string text = fmt::format("the kernel killed {} (pid {})", victim.comm, victim.pid);
        const auto rss = victim.rss_kib();
        if (rss) text += fmt::format(", which held {}", size_text(*rss));
        if (rss && victim.page_table_kib.value_or(0) > *rss)
            text += fmt::format(" and {} of page tables", size_text(*victim.page_table_kib));
        if (event.victims.size() > 1) text += fmt::format(", and {} more", event.victims.size() - 1);
        return text;
    }
    if (!event.already_exiting.empty())
        return fmt::format("{} was chosen, and on its way out already", event.already_exiting.front().comm);
    if (event.panic) return fmt::format("the kernel panicked: {}", *event.panic);
    if (event.no_killable_process) return "no process could be killed";
    if (event.selected) return fmt::format("{} was chosen, its end is not in the log", event.selected->comm);
    return "the log does not say what was done";
}

}  // namespace

// A finding's first two numbers are the part and the whole.
std::string holder_text(const OomVerdict& verdict) {
    for (const Holder& holder : holders) {
        for (const OomFinding& found : verdict.who) {
            if (found.kind != holder.kind || found.numbers.size() < 2) continue;
            const bool most = found.numbers[0].value > found.numbers[1].value / 2;
            return fmt::format(", {} of it {}", most ? "most" : "much", holder.text);
        }
    }
    return "";
}

}  // namespace oom

OomVerdict explain(const OomEvent& event) {
    OomVerdict verdict;
    if (event.memcg.oom_path) verdict.oom_cgroup = name_cgroup(*event.memcg.oom_path);
    if (event.memcg.task_path) verdict.task_cgroup = name_cgroup(*event.memcg.task_path);
    oom::explain_holders(event, verdict);
    if (event.scope == OomScope::Memcg)
        oom::explain_memcg(event, verdict);
    else if (event.has_mem_info || event.sysrq || event.page_fault ||
             event.constraint != OomConstraint::Unknown)
        oom::explain_global(event, verdict);
    else
        verdict.unknown.emplace_back("why the request could not be met: the report has no Mem-Info");
    oom::explain_victim(event, verdict);
    oom::suggest_next_steps(event, verdict);
    verdict.summary = fmt::format("{}{}; {}", oom::cause_text(event, verdict), oom::holder_text(verdict),
                                  oom::outcome_text(event));
    if (!verdict.summary.empty() && verdict.summary.front() >= 'a' && verdict.summary.front() <= 'z')
        verdict.summary.front() = static_cast<char>(verdict.summary.front() - 'a' + 'A');
    return verdict;
}

}  // namespace postmortem
