#include "report/oom/oom_state.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "report/cgroups/cgroup_tree.h"
#include "report/memory/memory_picture.h"
#include "report/oom/oom_scene.h"
#include "report/oom/oom_tasks.h"
#include "report/oom/oom_verdict.h"
#include "report/oom/oom_zones.h"

namespace postmortem {
namespace {

using oom::evidence;
using oom::finding;

constexpr std::uint64_t notable_percent = 15;
constexpr std::uint64_t scarce_percent = 5;  // what can be reclaimed of a machine that has run out
constexpr std::size_t groups_named = 3;

// Puts an OOM's questions to the memory of a kernel that may not have run out of any.
class StateVerdict {
  public:
    explicit StateVerdict(OomState& state) : state_(state), verdict_(state.verdict) {}

    void explain() {
        verdict_.balance = make_oom_balance(state_.memory);
        oom::explain_holders(state_.scene, verdict_);
        name_the_files();
        explain_kernel_parts();
        explain_zones();
        oom::explain_swap(state_.scene, verdict_);
        explain_groups();
        oom::suggest_next_steps(state_.scene, verdict_);
        verdict_.summary = summary();
    }

  private:
    // A report knows that tmpfs is large; memory knows which file.
    void name_the_files() {
        const auto shmem = std::find_if(verdict_.who.begin(), verdict_.who.end(), [](const OomFinding& one) {
            return one.kind == OomFindingKind::Shmem;
        });
        if (shmem == verdict_.who.end() || state_.memory.file_systems.empty()) return;
        const MemoryFileSystem& system = state_.memory.file_systems.front();
        shmem->text += fmt::format("; most of it, {}, in {}", size_text(system.kib),
                                   system.path.empty()
                                       ? "shared memory without a mount (System V, memfd, shared mappings)"
                                       : system.path);
        if (!system.largest.empty() && !system.largest.front().name.empty())
            shmem->text += fmt::format(", its largest file {} of {}", system.largest.front().name,
                                       size_text(system.largest.front().kib));
    }

    // What no report shows.
    void explain_kernel_parts() {
        struct Part {
            std::string_view id;
            OomFindingKind kind;
            std::string_view text;
        };
        static constexpr std::array parts = {
            Part{"vmalloc", OomFindingKind::Vmalloc, "was taken by vmalloc()"},
            Part{"percpu", OomFindingKind::PerCpuMemory, "is per-CPU memory"},
            Part{"zsmalloc", OomFindingKind::CompressedMemory,
                 "is the compressed content of zram and zswap"}};
        if (!state_.memory.sum) return;
        const std::uint64_t total = state_.memory.sum->total_bytes;
        for (const MemoryShare& share : state_.memory.sum->parts) {
            const auto part =
                std::find_if(parts.begin(), parts.end(), [&](const Part& one) { return one.id == share.id; });
            if (part == parts.end() || share.bytes < total / 100 * notable_percent) continue;
            std::string text =
                fmt::format("{} ({} of {}) {}", size_text(share.bytes / bytes_per_kib),
                            percent_text(share.bytes, total), size_text(total / bytes_per_kib), part->text);
            if (part->kind == OomFindingKind::Vmalloc && !state_.memory.vmalloc_users.empty())
                text += "; largest caller: " + caller_text(state_.memory.vmalloc_users.front());
            verdict_.who.push_back(finding(part->kind, std::move(text),
                                           {evidence(share.id, share.bytes / bytes_per_kib, "kB"),
                                            evidence("total", total / bytes_per_kib, "kB")}));
        }
    }

    static std::string caller_text(const VmallocUser& user) {
        return fmt::format("{}{}, {}", user.caller,
                           user.module.empty() ? "" : fmt::format(" [{}]", user.module),
                           size_text(user.bytes / bytes_per_kib));
    }

    void explain_zones() {
        const std::vector<oom::ZoneState> zones = oom::zone_states(state_.scene);
        std::vector<const oom::ZoneState*> known;
        for (const oom::ZoneState& zone : zones)
            if (zone.level != oom::Level::Unknown) known.push_back(&zone);
        if (known.empty())
            return verdict_.unknown.emplace_back("whether a zone was short: none could be read"), void();
        if (is_short(known)) return explain_shortage(known);
        explain_free_memory(known);
        explain_low_zones(known);
    }

    // Page cache fills a healthy machine down to its watermarks: what could be reclaimed counts as well.
    bool is_short(const std::vector<const oom::ZoneState*>& zones) const {
        const auto none_above = [&](auto is_below) {
            return std::all_of(zones.begin(), zones.end(), is_below);
        };
        if (none_above([](const oom::ZoneState* zone) { return zone->level == oom::Level::BelowMin; }))
            return true;
        if (!none_above([](const oom::ZoneState* zone) { return zone->level != oom::Level::AboveHigh; }))
            return false;
        std::uint64_t managed = 0;
        for (const oom::ZoneState* zone : zones) managed += zone->zone->managed_kib.value_or(0);
        const auto available = available_kib();
        return available && *available * 100 < managed * scarce_percent;
    }

    // MemAvailable since 3.14 (34e431b0ae39); before, the page cache says nearly the same.
    std::optional<std::uint64_t> available_kib() const {
        if (const auto line = state_.memory.line("MemAvailable")) return line;
        const auto active = state_.scene.memory.total("active_file"),
                   inactive = state_.scene.memory.total("inactive_file");
        if (!active || !inactive) return std::nullopt;
        return (*active + *inactive) * state_.scene.memory.page_size_kib.value_or(4);
    }

    std::string available_text() const {
        const auto line = state_.memory.line("MemAvailable");
        return line ? fmt::format(", {} available with what could be reclaimed", size_text(*line)) : "";
    }

    void explain_shortage(const std::vector<const oom::ZoneState*>& zones) {
        std::vector<std::string> sentences;
        std::vector<OomEvidence> numbers;
        // A zone whose pages are all kept for those who can use no other is no sign of need.
        const auto is_kept = [](const oom::ZoneState* zone) {
            return zone->reserve_kib > zone->zone->managed_kib.value_or(0);
        };
        const bool all_kept = std::all_of(zones.begin(), zones.end(), is_kept);
        for (const oom::ZoneState* zone : zones) {
            if (is_kept(zone) && !all_kept) continue;
            sentences.push_back(zone->sentence());
            numbers.push_back(evidence(zone->zone->title() + " free", zone->free_kib, "kB"));
        }
        verdict_.why.push_back(
            {OomFindingKind::Watermark,
             fmt::format("memory was short: {}{}", fmt::join(sentences, "; "), available_text()), numbers});
    }

    void explain_free_memory(const std::vector<const oom::ZoneState*>& zones) {
        std::uint64_t free = 0;
        for (const oom::ZoneState* zone : zones) free += zone->free_kib;
        verdict_.why.push_back(finding(
            OomFindingKind::MemoryWasFree,
            fmt::format("memory was not short at the crash: {} free{}", size_text(free), available_text()),
            {evidence("free", free, "kB")}));
    }

    // Who can use no other zone than a low one is refused although a higher one has memory. What that zone
    // keeps from other requests is there for him: its reserve does not count.
    void explain_low_zones(const std::vector<const oom::ZoneState*>& zones) {
        const auto memory_above = [&](const oom::ZoneState* low) {
            return std::any_of(zones.begin(), zones.end(), [&](const oom::ZoneState* other) {
                return other->zone->node == low->zone->node &&
                       oom::zone_rank(other->zone->name) > oom::zone_rank(low->zone->name) &&
                       other->level == oom::Level::AboveHigh;
            });
        };
        std::vector<std::string> sentences;
        std::vector<OomEvidence> numbers;
        for (const oom::ZoneState* zone : zones) {
            if (!zone->zone->low_kib || zone->usable_kib() > *zone->zone->low_kib || !memory_above(zone))
                continue;
            sentences.push_back(fmt::format("{}: free {} kB, below its low watermark of {} kB",
                                            zone->zone->title(), zone->free_kib, *zone->zone->low_kib));
            numbers.push_back(evidence(zone->zone->title() + " free", zone->free_kib, "kB"));
        }
        if (!sentences.empty())
            verdict_.why.push_back(
                {OomFindingKind::ZoneExhausted,
                 fmt::format("low zones were used up all the same: {}", fmt::join(sentences, "; ")),
                 numbers});
    }

    void explain_groups() {
        if (!state_.cgroups) return;
        std::size_t named = 0;
        for (const CgroupNode& group : state_.cgroups->groups) {
            if (!group.memory || !group.memory->max_pages || *group.memory->max_pages == 0) continue;
            const std::uint64_t page_kib = state_.cgroups->page_size / bytes_per_kib;
            const std::uint64_t usage = group.memory->usage_pages, limit = *group.memory->max_pages;
            if (usage < limit - limit / 50 || named == groups_named) continue;
            // The innermost is the last: what is to be raised, and whose it is.
            verdict_.oom_cgroup = name_cgroup(group.path);
            ++named;
            verdict_.why.push_back(finding(
                OomFindingKind::MemcgLimit,
                fmt::format(
                    "{} is at its limit: {} of {}",
                    group.owner.empty() ? group.path : fmt::format("{} ({})", group.path, group.owner),
                    size_text(usage * page_kib), size_text(limit * page_kib)),
                {evidence("usage", usage * page_kib, "kB"), evidence("limit", limit * page_kib, "kB")}));
        }
    }

    std::string shortage() const {
        using Kind = OomFindingKind;
        if (verdict_.has(Kind::Watermark)) return "At the crash memory was short";
        if (verdict_.has(Kind::MemcgLimit))
            return "At the crash the machine had memory, but a control group was at its limit";
        if (verdict_.has(Kind::ZoneExhausted))
            return "At the crash low zones were used up while the machine had memory";
        if (verdict_.has(Kind::MemoryWasFree)) return "At the crash memory was not short";
        return "Whether memory was short at the crash is not known";
    }

    std::string summary() const {
        std::string text = shortage();
        text += oom::holder_text(verdict_);
        if (!state_.processes) return text;
        const OomChoice& choice = state_.processes->choice;
        const OomProcess* next = choice.pid ? state_.processes->find(*choice.pid) : nullptr;
        if (choice.outcome == OomChoice::Outcome::Kills && next)
            text += fmt::format("; the OOM killer would take {} (pid {}) next", next->comm, next->pid);
        if (choice.outcome == OomChoice::Outcome::Waits && next)
            text += fmt::format("; {} (pid {}) was chosen and had not gone yet", next->comm, next->pid);
        if (choice.outcome == OomChoice::Outcome::Nobody) text += "; no process is left that could be killed";
        return text;
    }

    OomState& state_;
    OomVerdict& verdict_;
};

}  // namespace

OomState make_oom_state(const Kernel& kernel) {
    OomState state;
    state.memory = make_memory_picture(kernel);
    state.problems = state.memory.problems;
    const auto add = [&](const Problems& problems) {
        state.problems.insert(state.problems.end(), problems.begin(), problems.end());
    };
    if (auto table = make_oom_table(kernel)) {
        add(table->problems);
        state.processes = std::move(*table);
    } else {
        add({table.error()});
    }
    if (auto tree = make_cgroup_tree(kernel)) {
        add(tree->problems);
        state.cgroups = std::move(*tree);
    } else {
        state.cgroups_missing = std::move(tree.error());
        if (state.cgroups_missing->code != ErrorCode::NotFound)
            add({{state.cgroups_missing->code, "the control groups: " + state.cgroups_missing->message}});
    }
    state.scene = make_oom_scene(state.memory, state.processes ? &*state.processes : nullptr);
    state.scene.trigger.kernel_release = std::string(kernel.release());
    if (state.cgroups) state.scene.memcg.version = state.cgroups->v2 ? 2 : 1;
    explain_oom_state(state);
    return state;
}

void explain_oom_state(OomState& state) {
    StateVerdict(state).explain();
}

}  // namespace postmortem
