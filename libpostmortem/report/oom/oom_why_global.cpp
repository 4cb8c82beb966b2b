// Why an allocation of the whole machine failed: by hand, by a page fault, bound to nodes or zones that were
// empty while others were not, in pieces too small, or because no watermark was met.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "report/oom/oom_verdict.h"
#include "report/oom/oom_zones.h"

namespace postmortem::oom {
namespace {

constexpr std::size_t zones_in_a_sentence = 4;

std::string request_text(const OomEvent& event) {
    const OomTrigger& trigger = event.trigger;
    if (!trigger.order) return "the request";
    std::string text = fmt::format("the request (order {}", *trigger.order);
    if (*trigger.order > 0 && *trigger.order < 20)
        text += fmt::format(", {} pages in a row", 1U << *trigger.order);
    if (!trigger.gfp_flags.empty()) text += fmt::format(", {}", fmt::join(trigger.gfp_flags, "|"));
    return text + ")";
}

std::string_view limit_text(ZoneLimit limit) {
    switch (limit) {
        case ZoneLimit::Dma: return "DMA";
        case ZoneLimit::Dma32: return "DMA32";
        case ZoneLimit::Normal: return "Normal";
        case ZoneLimit::HighMem: return "HighMem";
        case ZoneLimit::Movable: return "Movable";
    }
    return "Movable";
}

std::string sentences(std::vector<const ZoneState*> states) {
    std::stable_sort(states.begin(), states.end(), [](const ZoneState* a, const ZoneState* b) {
        return a->zone->present_kib.value_or(0) > b->zone->present_kib.value_or(0);
    });
    std::vector<std::string> parts;
    for (const ZoneState* state : states) {
        if (parts.size() == zones_in_a_sentence) break;
        parts.push_back(state->sentence());
    }
    std::string text = fmt::format("{}", fmt::join(parts, "; "));
    if (states.size() > parts.size())
        text += fmt::format("; and {} more zones", states.size() - parts.size());
    return text;
}

std::vector<OomEvidence> numbers_of(const std::vector<const ZoneState*>& states) {
    std::vector<OomEvidence> numbers;
    for (const ZoneState* state : states) {
        if (numbers.size() >= 3 * 2 * zones_in_a_sentence) break;
        const std::string title = state->zone->title();
        numbers.push_back(evidence(title + " free", state->free_kib, "kB"));
        if (state->zone->min_kib) numbers.push_back(evidence(title + " min", *state->zone->min_kib, "kB"));
        if (state->zone->high_kib) numbers.push_back(evidence(title + " high", *state->zone->high_kib, "kB"));
    }
    return numbers;
}

// The questions in the order of the allocator; each answer that applies becomes a finding.
class GlobalReasons {
  public:
    GlobalReasons(const OomEvent& event, OomVerdict& verdict)
        : event_(event), verdict_(verdict), states_(zone_states(event)) {
        for (const ZoneState& state : states_) {
            if (state.eligible) eligible_.push_back(&state);
        }
    }

    void explain() {
        if (event_.sysrq) return by_hand();
        if (event_.page_fault) return page_fault();
        binding();
        if (eligible_.empty()) {
            verdict_.unknown.emplace_back(
                states_.empty()
                    ? "which watermark in which zone was not met: the report has no zones"
                    : "which watermark was not met: the report shows no zone that the request may use");
            return;
        }
        if (!event_.trigger.order) verdict_.unknown.emplace_back("how many pages were asked for in a row");
        fragmentation();
        watermarks();
        other_zones();
        cma();
    }

  private:
    void add(OomFindingKind kind, std::string text, std::vector<OomEvidence> numbers) {
        verdict_.why.push_back({kind, std::move(text), std::move(numbers)});
    }

    std::vector<const ZoneState*> with_memory() const {
        std::vector<const ZoneState*> states;
        for (const ZoneState& state : states_) {
            if (state.level == Level::AboveHigh) states.push_back(&state);
        }
        return states;
    }

    void by_hand() {
        add(OomFindingKind::Manual,
            "the OOM killer was called by hand (sysrq f): it kills whether or not memory is short", {});
        const auto free = with_memory();
        if (!free.empty())
            add(OomFindingKind::MemoryWasFree, "memory was not short: " + sentences(free), numbers_of(free));
    }

    void page_fault() {
        add(OomFindingKind::PageFault,
            "no request is named (gfp_mask 0): a page fault ended with VM_FAULT_OOM, and kernels before 5.16 "
            "call "
            "the OOM killer then without knowing whether the machine is short of memory",
            {});
        const auto free = with_memory();
        if (free.empty()) return watermarks();
        add(OomFindingKind::MemoryWasFree,
            "the machine was not short of memory: " + sentences(free) +
                "; the fault failed for another reason, such as a cgroup's limit or a driver",
            numbers_of(free));
    }

    void binding() {
        const std::string nodes = event_.nodemask.value_or(event_.trigger.nodemask.value_or("(null)"));
        const std::string allowed = event_.mems_allowed.value_or("?");
        std::vector<const ZoneState*> elsewhere;
        for (const ZoneState& state : states_) {
            if (!state.node_allowed && state.type_allowed && state.level == Level::AboveHigh)
                elsewhere.push_back(&state);
        }
        std::string tail =
            elsewhere.empty() ? std::string() : "; memory was free elsewhere: " + sentences(elsewhere);
        if (const auto free = free_on_unprinted_nodes(); elsewhere.empty() && free >= 1024)
            tail = fmt::format("; {} were free on other nodes", size_text(free));
        if (event_.constraint == OomConstraint::MemoryPolicy) {
            const std::string bound = nodes == "(null)" ? "certain nodes" : "node " + nodes;
            add(OomFindingKind::PolicyBinding,
                fmt::format(
                    "the request was bound to {} by a memory policy (mbind, set_mempolicy, numactl --membind)"
                    "{}{}",
                    bound, event_.mems_allowed ? ", its cpuset would allow nodes " + allowed : "", tail),
                numbers_of(elsewhere));
        } else if (event_.constraint == OomConstraint::Cpuset) {
            add(OomFindingKind::CpusetBinding,
                fmt::format("the request was bound to node {} by its cpuset{}{}", allowed,
                            event_.cpuset ? " " + *event_.cpuset : "", tail),
                numbers_of(elsewhere));
        } else if (!elsewhere.empty() && event_.constraint == OomConstraint::Unknown) {
            add(OomFindingKind::CpusetBinding,
                fmt::format("the request may only use node {}{}", parse_node_list(nodes) ? nodes : allowed,
                            tail),
                numbers_of(elsewhere));
        }
    }

    // The totals are the machine's; zones are printed only for the nodes in question.
    std::uint64_t free_on_unprinted_nodes() const {
        std::uint64_t printed = 0;
        for (const ZoneState& state : states_) printed += state.free_kib;
        const std::uint64_t total = event_.memory.total("free").value_or(0) * page_size(event_).kib;
        return states_.empty() ? 0 : total - std::min(total, printed);
    }

    // Enough memory above the watermark, and no free block of the order in it.
    void fragmentation() {
        if (event_.trigger.order.value_or(0) <= 0) return;
        std::vector<const ZoneState*> pieces;
        for (const ZoneState* state : eligible_) {
            if (state->level == Level::AboveHigh && state->has_block.value_or(true)) return;
            const bool enough = state->level != Level::BelowMin && state->level != Level::Unknown;
            if (enough && state->has_block == false) pieces.push_back(state);
        }
        if (pieces.empty()) return;
        const std::uint64_t wanted = page_size(event_).kib
                                     << std::min<std::int64_t>(*event_.trigger.order, 20);
        std::string text = fmt::format("the free memory is in pieces: {} needs {} kB in a row, and",
                                       request_text(event_), wanted);
        std::vector<OomEvidence> numbers = {evidence("wanted", wanted, "kB")};
        for (std::size_t i = 0; i < std::min(pieces.size(), zones_in_a_sentence); ++i) {
            const ZoneState& state = *pieces[i];
            text += fmt::format("{} {} has {} kB free, its largest usable block {} kB", i == 0 ? "" : ";",
                                state.zone->title(), state.free_kib, state.largest_block_kib);
            numbers.push_back(evidence(state.zone->title() + " free", state.free_kib, "kB"));
            numbers.push_back(
                evidence(state.zone->title() + " largest block", state.largest_block_kib, "kB"));
        }
        add(OomFindingKind::Fragmentation, std::move(text), std::move(numbers));
    }

    void watermarks() {
        std::vector<const ZoneState*> free;
        std::vector<const ZoneState*> short_of;
        bool all_below_min = true, in_pieces = false;
        for (const ZoneState* state : eligible_) {
            if (state->level == Level::Unknown) continue;
            if (state->level == Level::AboveHigh && state->has_block == false) {
                in_pieces = true;  // no watermark keeps the request from it
                continue;
            }
            (state->level == Level::AboveHigh ? free : short_of).push_back(state);
            all_below_min = all_below_min && state->level == Level::BelowMin;
        }
        if (!free.empty() && !event_.page_fault) {
            add(OomFindingKind::MemoryWasFree,
                fmt::format("when the report was printed {} could have been met again: {}",
                            request_text(event_), sentences(free)),
                numbers_of(free));
        } else if (!short_of.empty()) {
            const std::string_view mark =
                all_below_min ? "its min watermark"
                              : "its high watermark, which the last attempt before a kill demands";
            add(OomFindingKind::Watermark,
                fmt::format("no {}zone that {} may use is above {}: {}", in_pieces ? "other " : "",
                            request_text(event_), mark, sentences(short_of)),
                numbers_of(short_of));
        } else if (free.empty() && !in_pieces) {
            verdict_.unknown.emplace_back("which watermark was not met: the zones' lines are cut");
        }
    }

    // Memory is free in zones that the gfp mask does not reach: lowmem on 32-bit machines, DMA and DMA32.
    void other_zones() {
        if (event_.trigger.gfp_flags.empty()) return;
        std::vector<const ZoneState*> beyond;
        for (const ZoneState& state : states_) {
            if (!state.type_allowed && state.zone->high_kib && state.free_kib > *state.zone->high_kib)
                beyond.push_back(&state);
        }
        const bool served = std::any_of(eligible_.begin(), eligible_.end(), [](const ZoneState* state) {
            return state->level == Level::AboveHigh;
        });
        if (served) return;
        if (beyond.empty()) return unprinted_zones();
        std::vector<std::string> parts;
        for (const ZoneState* state : beyond) {
            parts.push_back(fmt::format("{} has {} kB free (high watermark {} kB)", state->zone->title(),
                                        state->free_kib, *state->zone->high_kib));
        }
        add(OomFindingKind::ZoneExhausted,
            fmt::format("memory was free where {} cannot go: it may only use zones up to {}, and {}",
                        request_text(event_), limit_text(zone_limit(event_.trigger.gfp_flags)),
                        fmt::join(parts, "; ")),
            numbers_of(beyond));
    }

    // From 6.1 on the report leaves out the zones that the gfp mask does not reach (974f4367dd31): only the
    // totals and the printed zones' lowmem reserve against them tell that there are any.
    void unprinted_zones() {
        const ZoneLimit limit = zone_limit(event_.trigger.gfp_flags);
        const bool bound =
            event_.constraint == OomConstraint::Cpuset || event_.constraint == OomConstraint::MemoryPolicy;
        if (bound || limit == ZoneLimit::Movable) return;
        std::uint64_t high = 0;
        bool reserved_against_more = false;
        for (const ZoneState* state : eligible_) {
            high += state->zone->high_kib.value_or(0);
            const auto& reserve = state->zone->lowmem_reserve_pages;
            const bool topmost = zone_rank(state->zone->name) >= highest_rank();
            reserved_against_more =
                reserved_against_more || (topmost && !reserve.empty() && reserve.back() != 0);
        }
        const std::uint64_t elsewhere = free_on_unprinted_nodes();
        if (!reserved_against_more || elsewhere <= std::max<std::uint64_t>(high, 1024)) return;
        add(OomFindingKind::ZoneExhausted,
            fmt::format("memory was free where {} cannot go: it may only use zones up to {}, and {} are free "
                        "in zones above "
                        "them, which the report leaves out (movable or high memory)",
                        request_text(event_), limit_text(limit), size_text(elsewhere)),
            {evidence("free in other zones", elsewhere, "kB")});
    }

    int highest_rank() const {
        int rank = 0;
        for (const ZoneState& state : states_) rank = std::max(rank, zone_rank(state.zone->name));
        return rank;
    }

    void cma() {
        for (const ZoneState* state : eligible_) {
            const std::uint64_t cma_kib = find_counter(state->zone->counters_kib, "free_cma").value_or(0);
            const bool matters = state->level != Level::AboveHigh && state->unusable_kib >= cma_kib &&
                                 cma_kib != 0 && state->free_kib > state->high_mark_kib();
            if (!matters) continue;
            add(OomFindingKind::CmaUnusable,
                fmt::format("{} of {}'s {} free memory lies in CMA areas, which only movable pages may use",
                            size_text(cma_kib), state->zone->title(), size_text(state->free_kib)),
                {evidence("free_cma", cma_kib, "kB"), evidence("free", state->free_kib, "kB")});
        }
    }

    const OomEvent& event_;
    OomVerdict& verdict_;
    std::vector<ZoneState> states_;
    std::vector<const ZoneState*> eligible_;
};

}  // namespace

void explain_swap(const OomEvent& event, OomVerdict& verdict) {
    const OomSwap& swap = event.memory.swap;
    if (event.sysrq || !swap.total_kib || !swap.free_kib) return;
    const std::uint64_t total = *swap.total_kib;
    const std::uint64_t free = std::min(*swap.free_kib, total);
    const auto numbers = {evidence("swap total", total, "kB"), evidence("swap free", free, "kB")};
    if (total == 0) {
        const bool matters =
            verdict.has(OomFindingKind::AnonymousMemory) || verdict.has(OomFindingKind::Shmem);
        verdict.why.push_back(finding(
            OomFindingKind::SwapAbsent,
            matters ? "there is no swap: anonymous memory and tmpfs had nowhere to go" : "there is no swap",
            numbers));
    } else if (free <= total / 50) {
        verdict.why.push_back(
            finding(OomFindingKind::SwapFull,
                    fmt::format("swap is full: {} of {} free", size_text(free), size_text(total)), numbers));
    } else if (free <= total / 10) {
        verdict.why.push_back(finding(
            OomFindingKind::SwapNotEnough,
            fmt::format("swap is nearly full: {} of {} free", size_text(free), size_text(total)), numbers));
    }
}

void explain_global(const OomEvent& event, OomVerdict& verdict) {
    GlobalReasons(event, verdict).explain();
    explain_swap(event, verdict);  // looks at what explain_holders found
}

}  // namespace postmortem::oom
