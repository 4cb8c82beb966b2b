// Memory nodes and their zones: struct pglist_data and struct zone (include/linux/mmzone.h), what
// /proc/zoneinfo and /proc/buddyinfo show of them (mm/vmstat.c).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "kernel/mm/vm_counters.h"

namespace postmortem {

/// A CPU's own free list of one zone.
struct ZonePageSet {
    std::uint32_t cpu = 0;
    std::int64_t count = 0;  ///< pages
    std::int64_t high = 0;   ///< pages at which it gives some back
    std::int64_t batch = 0;
    std::optional<std::int64_t> high_min, high_max;  ///< since 6.7
};

/// The free blocks of one order.
struct ZoneFreeArea {
    std::uint64_t blocks = 0;
    std::vector<std::uint64_t> blocks_by_type;  ///< by migratetype; empty where not asked for
};

/// All in pages.
struct MemoryZone {
    std::string name;
    std::uint64_t start_pfn = 0;
    std::uint64_t spanned = 0, present = 0, managed = 0;
    std::optional<std::uint64_t> cma;           ///< only with CONFIG_CMA
    std::uint64_t min = 0, low = 0, high = 0;   ///< watermarks, the boost included as everywhere in /proc
    std::optional<std::uint64_t> boost;         ///< since 5.0
    std::optional<std::uint64_t> promo;         ///< since 6.1 or so
    std::vector<std::uint64_t> lowmem_reserve;  ///< "protection": against allocations meant for zone N
    std::optional<std::uint64_t> reserved_highatomic, free_highatomic;
    CounterValues counters;  ///< by VmCounterNames::zone
    CounterValues pending;   ///< what CPUs have not added to `counters` yet
    CounterValues numa;      ///< by VmCounterNames::numa, CPUs' parts included
    std::vector<ZonePageSet> page_sets;
    std::vector<ZoneFreeArea> free_areas;  ///< by order
};

struct NodeZones {
    std::uint32_t id = 0;
    std::uint64_t kswapd_failures = 0;
    CounterValues counters;  ///< by VmCounterNames::node
    CounterValues pending;
    std::vector<MemoryZone> zones;  ///< in the kernel's order, those without memory included
};

struct ZoneTable {
    std::vector<NodeZones> nodes;
    std::vector<std::string> migrate_types;  ///< "Unmovable", …
    Problems problems;
};

/// Every zone of every online node. `by_type` walks the free lists, which are many pages of struct page.
ZoneTable read_zones(const Kernel& kernel, const VmCounterNames& names, bool by_type = false);

/// The totals of a zone table with what CPUs hold back added: exact, where /proc is not.
VmCounters exact_counters(const ZoneTable& table, const VmCounterNames& names);

}  // namespace postmortem
