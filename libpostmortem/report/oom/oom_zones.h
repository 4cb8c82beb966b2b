// Could this zone have served that allocation? The page allocator's own questions, put to the numbers of a
// report: watermark, lowmem reserve, CMA, block of the order. Source: mm/page_alloc.c: __zone_watermark_ok,
// zone_watermark_ok_safe, __alloc_pages_may_oom; include/linux/gfp.h: gfp_zone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/oom.h>

#include "log/oom/oom_gfp.h"

namespace postmortem::oom {

/// The watermark that the usable pages of a zone do not reach.
enum class Level { Unknown, BelowMin, BelowLow, BelowHigh, AboveHigh };

struct ZoneState {
    const OomZone* zone = nullptr;
    bool eligible = false;      // the allocation may take pages from here
    bool type_allowed = false;  // by the gfp mask alone, whatever the node
    bool node_allowed = true;   // by nodemask and cpuset alone
    std::uint64_t free_kib = 0;
    std::uint64_t unusable_kib = 0;  // CMA and high-atomic pages that this allocation must not touch
    std::uint64_t reserve_kib = 0;   // lowmem reserve against this allocation
    bool reserve_known = false;
    Level level = Level::Unknown;
    std::optional<bool> has_block;  // of the order asked for, of a type that may be used
    std::uint64_t largest_block_kib = 0;

    std::uint64_t usable_kib() const { return free_kib - std::min(unusable_kib, free_kib); }
    /// What the zone would need to have free above its high watermark.
    std::uint64_t high_mark_kib() const { return zone->high_kib.value_or(0) + reserve_kib; }
    /// "Node 0 Normal: free 60780 kB, below its min watermark of 60824 kB"
    std::string sentence() const;
};

/// The state of every zone with regard to the event's allocation.
std::vector<ZoneState> zone_states(const OomEvent& event);

/// "0-2,5" as numbers; nothing where the text is no list ("(null)").
std::optional<std::vector<std::int64_t>> parse_node_list(std::string_view text);

/// The place of a zone type in the zone list: DMA lowest.
int zone_rank(std::string_view name);

}  // namespace postmortem::oom
