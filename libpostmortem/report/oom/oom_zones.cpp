#include "report/oom/oom_zones.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "log/text/cursor.h"

namespace postmortem::oom {
namespace {

int limit_rank(ZoneLimit limit) {
    switch (limit) {
        case ZoneLimit::Dma: return 0;
        case ZoneLimit::Dma32: return 1;
        case ZoneLimit::Normal: return 2;
        case ZoneLimit::HighMem: return 3;
        case ZoneLimit::Movable: return 4;
    }
    return 4;
}

bool is_allowed(const std::optional<std::vector<std::int64_t>>& nodes, std::optional<std::int64_t> node) {
    return !nodes || !node || std::find(nodes->begin(), nodes->end(), *node) != nodes->end();
}

// Each zone keeps pages from allocations that could also use a higher zone of its node. The printed array has
// one entry for each zone type of the kernel's configuration, whose names are not printed: the entry rises at
// every higher zone that has pages, so the k-th rise belongs to the k-th such zone.
std::optional<std::uint64_t> reserve_pages(const OomZone& zone, const OomMemInfo& memory, int limit) {
    if (zone.lowmem_reserve_pages.empty()) return std::nullopt;
    const int rank = zone_rank(zone.name);
    std::size_t higher = 0;
    bool limit_is_populated = false;
    for (const OomZone& other : memory.zones) {
        const int other_rank = zone_rank(other.name);
        if (other.node != zone.node || other_rank <= rank || other_rank > limit) continue;
        ++higher;
        limit_is_populated = limit_is_populated || other_rank == limit;
    }
    if (higher == 0) return 0;
    // 6.9-6.14 print, and use, no reserve against a type that has no pages (96a5c186efff, later reverted).
    if (!limit_is_populated && limit == limit_rank(ZoneLimit::Movable) &&
        zone.lowmem_reserve_pages.back() == 0)
        return 0;
    std::uint64_t value = 0;
    std::size_t rises = 0;
    for (const std::uint64_t pages : zone.lowmem_reserve_pages) {
        if (pages <= value) continue;
        value = pages;
        if (++rises == higher) break;
    }
    return value;
}

std::uint64_t unusable_kib(const OomZone& zone, bool movable) {
    std::uint64_t kib = find_counter(zone.counters_kib, "reserved_highatomic").value_or(0);
    if (!movable) kib += find_counter(zone.counters_kib, "free_cma").value_or(0);
    return std::min(kib, zone.free_kib.value_or(0));
}

Level level_of(const ZoneState& state) {
    const OomZone& zone = *state.zone;
    if (!zone.free_kib || !zone.min_kib || !state.reserve_known) return Level::Unknown;
    const std::uint64_t usable = state.usable_kib();
    if (usable <= *zone.min_kib + state.reserve_kib) return Level::BelowMin;
    if (zone.low_kib && usable <= *zone.low_kib + state.reserve_kib) return Level::BelowLow;
    if (!zone.high_kib) return Level::Unknown;
    return usable <= *zone.high_kib + state.reserve_kib ? Level::BelowHigh : Level::AboveHigh;
}

// Blocks that hold only high-atomic, isolated or (for pages that must stay) CMA pages do not count.
bool may_use(const OomFreeBlocks& blocks, bool movable) {
    if (blocks.count == 0) return false;
    if (blocks.types.empty()) return true;  // kernels before 3.9 do not print them
    return blocks.types.find_first_of(movable ? "UMERC" : "UMER") != std::string::npos;
}

void look_for_block(ZoneState& state, std::uint64_t wanted_kib, bool movable) {
    if (state.zone->free_blocks.empty()) return;
    state.has_block = false;
    for (const OomFreeBlocks& blocks : state.zone->free_blocks) {
        if (!may_use(blocks, movable)) continue;
        state.largest_block_kib = std::max(state.largest_block_kib, blocks.size_kib);
        if (blocks.size_kib >= wanted_kib) state.has_block = true;
    }
}

}  // namespace

int zone_rank(std::string_view name) {
    static constexpr std::array<std::string_view, 6> order = {"DMA",     "DMA32",   "Normal",
                                                              "HighMem", "Movable", "Device"};
    const auto found = std::find(order.begin(), order.end(), name);
    return found == order.end() ? 2 : static_cast<int>(found - order.begin());
}

std::optional<std::vector<std::int64_t>> parse_node_list(std::string_view text) {
    std::vector<std::int64_t> nodes;
    Cursor cursor(text);
    while (!cursor.at_end()) {
        const auto first = cursor.number();
        if (!first) return std::nullopt;
        const auto last = cursor.take('-') ? cursor.number() : first;
        if (!last || *last < *first || *last > 4096) return std::nullopt;
        for (std::uint64_t node = *first; node <= *last; ++node)
            nodes.push_back(static_cast<std::int64_t>(node));
        if (!cursor.at_end() && !cursor.take(',')) return std::nullopt;
    }
    if (nodes.empty()) return std::nullopt;
    return nodes;
}

std::vector<ZoneState> zone_states(const OomEvent& event) {
    const OomTrigger& trigger = event.trigger;
    // A request that the log lost is taken for the usual one, a page for user space.
    const bool known = !trigger.gfp_flags.empty();
    const int limit = limit_rank(known ? zone_limit(trigger.gfp_flags) : ZoneLimit::Movable);
    const bool movable = !known || is_movable(trigger.gfp_flags);
    const std::uint64_t page_kib = event.memory.page_size_kib.value_or(4);
    const std::uint64_t order =
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(trigger.order.value_or(0), 0, 20));
    const auto mask = event.nodemask ? event.nodemask : trigger.nodemask;
    const auto mask_nodes = mask ? parse_node_list(*mask) : std::nullopt;
    // A kernel allocation may leave its cpuset; pages for user space may not (__GFP_HARDWALL).
    const bool bound =
        std::any_of(trigger.gfp_flags.begin(), trigger.gfp_flags.end(), [](const std::string& flag) {
            return flag == "__GFP_HARDWALL" || flag.starts_with("GFP_HIGHUSER") || flag == "GFP_USER";
        });
    const auto cpuset_nodes =
        bound && event.mems_allowed ? parse_node_list(*event.mems_allowed) : std::nullopt;

    std::vector<ZoneState> states;
    for (const OomZone& zone : event.memory.zones) {
        ZoneState state;
        state.zone = &zone;
        state.free_kib = zone.free_kib.value_or(0);
        state.type_allowed = zone_rank(zone.name) <= limit;
        state.node_allowed = is_allowed(mask_nodes, zone.node) && is_allowed(cpuset_nodes, zone.node);
        state.eligible = state.type_allowed && state.node_allowed && zone.free_kib.has_value();
        state.unusable_kib = unusable_kib(zone, movable);
        const auto reserve = reserve_pages(zone, event.memory, limit);
        state.reserve_known = reserve.has_value();
        state.reserve_kib = std::min(reserve.value_or(0), std::uint64_t{1} << 50) * page_kib;
        state.level = level_of(state);
        look_for_block(state, page_kib << order, movable);
        states.push_back(state);
    }
    return states;
}

std::string ZoneState::sentence() const {
    std::string text = fmt::format("{}: free {} kB", zone->title(), free_kib);
    if (unusable_kib != 0)
        text += fmt::format(" ({} kB of it CMA or high-atomic, not for this request)", unusable_kib);
    const auto mark = [&](std::string_view name, std::optional<std::uint64_t> kib) {
        text += fmt::format(" its {} watermark of {} kB", name, kib.value_or(0));
        if (reserve_kib != 0) text += fmt::format(" plus {} kB of lowmem reserve", reserve_kib);
    };
    switch (level) {
        case Level::BelowMin:
            text += ", below";
            mark("min", zone->min_kib);
            break;
        case Level::BelowLow:
            text += ", below";
            mark("low", zone->low_kib);
            break;
        case Level::BelowHigh:
            text += ", below";
            mark("high", zone->high_kib);
            break;
        case Level::AboveHigh:
            text += ", above";
            mark("high", zone->high_kib);
            break;
        case Level::Unknown: break;
    }
    return text;
}

}  // namespace postmortem::oom
