#include "kernel/mm/zones.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_zones = 8;
constexpr std::uint64_t most_orders = 32;
constexpr std::uint64_t most_migrate_types = 16;
// /proc/pagetypeinfo gives up after as many (93b3a674485f).
constexpr std::size_t longest_free_list = 100000;

void add_to(CounterValues& sum, const CounterValues& values) {
    for (std::size_t i = 0; i < std::min(sum.size(), values.size()); ++i)
        sum[i] = wrapping_add(sum[i], values[i]);
}

class ZoneReader {
  public:
    ZoneReader(const Kernel& kernel, const VmCounterNames& names, bool by_type)
        : kernel_(kernel), names_(names), by_type_(by_type), cpus_(cpu_limit(kernel).value_or(0)) {}

    ZoneTable read() {
        read_migrate_types();
        const auto nodes = read_memory_nodes(kernel_);
        if (!nodes) problems_.add("the memory nodes", nodes.error());
        for (const MemoryNode& node : nodes.value_or(std::vector<MemoryNode>()))
            table_.nodes.push_back(read_node(kernel_.object("pglist_data", node.address), node.id));
        table_.problems = problems_.take();
        return std::move(table_);
    }

  private:
    NodeZones read_node(const Object& node, std::uint32_t id);
    void read_node_counters(const Object& node, NodeZones& into);
    std::optional<MemoryZone> read_zone(const Object& zone);
    void read_watermarks(const Object& zone, MemoryZone& into);
    void read_page_sets(const Object& zone, MemoryZone& into);
    void read_pending(const Object& zone, MemoryZone& into);
    void read_free_areas(const Object& zone, MemoryZone& into);
    void read_migrate_types();
    std::uint64_t count_blocks(const Object& list, const std::string& what);
    Result<std::uint64_t> of_cpu(const Object& sets, std::uint32_t cpu) const;
    void add_differences(const Object& per_cpu, std::string_view struct_name, std::string_view member,
                         CounterValues& sum);

    std::uint64_t number(const Object& member, const std::string& what) {
        const auto value = member.u64();
        if (!value) problems_.add("a zone's " + what, value.error());
        return value.value_or(0);
    }
    std::optional<std::uint64_t> optional_number(const Object& member) {
        const auto value = member.u64();
        if (!value) return std::nullopt;
        return *value;
    }
    std::optional<std::int64_t> optional_signed(const Object& member) {
        const auto value = member.i64();
        if (!value) return std::nullopt;
        return *value;
    }

    const Kernel& kernel_;
    const VmCounterNames& names_;
    bool by_type_;
    std::uint32_t cpus_;
    ZoneTable table_;
    ProblemCollector problems_;
};

NodeZones ZoneReader::read_node(const Object& node, std::uint32_t id) {
    NodeZones result;
    result.id = id;
    result.kswapd_failures = node["kswapd_failures"].u64_or(0);
    if (names_.node.size() != 0) read_node_counters(node, result);
    const Object zones = node["node_zones"];
    const std::uint64_t count = std::min(zones.ok() ? zones.type().count : 0, most_zones);
    if (count == 0) problems_.add("a node's zones", zones.error() ? *zones.error() : Error());
    for (std::uint64_t i = 0; i < count; ++i)
        if (auto zone = read_zone(zones.at(i))) result.zones.push_back(std::move(*zone));
    return result;
}

void ZoneReader::read_node_counters(const Object& node, NodeZones& into) {
    if (auto counters = read_counters(kernel_, node["vm_stat"].address(), names_.node.size()))
        into.counters = std::move(*counters);
    else
        problems_.add("a node's counters", counters.error());
    into.pending.resize(names_.node.size());
    add_differences(node["per_cpu_nodestats"], "per_cpu_nodestat", "vm_node_stat_diff", into.pending);
}

// Without its name and size a zone is not worth showing.
std::optional<MemoryZone> ZoneReader::read_zone(const Object& zone) {
    MemoryZone result;
    const auto name = zone["name"].string();
    // Before 3.8 (9feedc9d831e) there was no such count, and watermarks and shares were of all that is
    // present.
    const auto managed = zone.first_of({"managed_pages", "present_pages"}).u64();
    if (!name || !managed) {
        problems_.add("a zone", !name ? name.error() : managed.error());
        return std::nullopt;
    }
    result.name = *name;
    result.managed = *managed;
    result.start_pfn = number(zone["zone_start_pfn"], "first page");
    result.spanned = number(zone["spanned_pages"], "span");
    result.present = number(zone["present_pages"], "present pages");
    result.cma = optional_number(zone["cma_pages"]);
    result.reserved_highatomic = optional_number(zone["nr_reserved_highatomic"]);
    result.free_highatomic = optional_number(zone["nr_free_highatomic"]);  // since 6.13
    const Object reserve = zone["lowmem_reserve"];
    for (std::uint64_t i = 0; reserve.ok() && i < std::min(reserve.type().count, most_zones); ++i)
        result.lowmem_reserve.push_back(number(reserve.at(i), "reserve"));
    if (auto counters = read_counters(kernel_, zone["vm_stat"].address(), names_.zone.size()))
        result.counters = std::move(*counters);
    else
        problems_.add("a zone's counters", counters.error());
    read_watermarks(zone, result);
    read_page_sets(zone, result);
    read_pending(zone, result);
    read_free_areas(zone, result);
    return result;
}

void ZoneReader::read_watermarks(const Object& zone, MemoryZone& into) {
    // watermark_boost and _watermark since 5.0 (1c30844d2dfe, a9214443c09e).
    const Object marks = zone.first_of({"_watermark", "watermark"});
    into.boost = optional_number(zone["watermark_boost"]);
    const std::uint64_t boost = into.boost.value_or(0);
    into.min = number(marks.at(0), "watermarks") + boost;
    into.low = number(marks.at(1), "watermarks") + boost;
    into.high = number(marks.at(2), "watermarks") + boost;
    if (marks.ok() && marks.type().count > 3) into.promo = number(marks.at(3), "watermarks") + boost;
}

// Per-CPU memory since 2.6.34 (99dcc3e5a94e); before that an array by CPU, of pointers with CONFIG_NUMA.
Result<std::uint64_t> ZoneReader::of_cpu(const Object& sets, std::uint32_t cpu) const {
    if (sets.ok() && sets.type().kind == TypeKind::Array) {
        const Object own = sets.at(cpu);
        return own.type().kind == TypeKind::Pointer ? own.u64() : own.checked_address();
    }
    const auto base = sets.u64();
    if (base && *base == 0) return 0;
    return base ? per_cpu_address(kernel_, *base, cpu) : base;
}

void ZoneReader::read_page_sets(const Object& zone, MemoryZone& into) {
    // Until 5.13 a per_cpu_pageset that embeds the per_cpu_pages (28f836b6777b).
    const bool embedded = zone.has("pageset");
    const Object sets = zone.first_of({"per_cpu_pageset", "pageset"});
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
        const auto place = of_cpu(sets, cpu);
        if (place && *place == 0) return;
        if (!place) return problems_.add("a zone's per-CPU lists", place.error());
        const Object set = embedded ? kernel_.object("per_cpu_pageset", *place)["pcp"]
                                    : kernel_.object("per_cpu_pages", *place);
        const auto count = set["count"].i64(), high = set["high"].i64(), batch = set["batch"].i64();
        if (!count || !high || !batch) {
            problems_.add("a zone's per-CPU lists", !count  ? count.error()
                                                    : !high ? high.error()
                                                            : batch.error());
            continue;
        }
        into.page_sets.push_back(
            {cpu, *count, *high, *batch, optional_signed(set["high_min"]), optional_signed(set["high_max"])});
    }
}

// Arrays of s8, one per CPU.
void ZoneReader::add_differences(const Object& per_cpu, std::string_view struct_name, std::string_view member,
                                 CounterValues& sum) {
    const auto offset = kernel_.types().offset_of(struct_name, member);
    if (!offset) return problems_.add("per-CPU counters", offset.error());
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
        const auto place = of_cpu(per_cpu, cpu);
        if (place && *place == 0) return;
        const auto parts = place ? kernel_.memory().bytes(*place + *offset, sum.size()) : fail(place.error());
        if (!parts) return problems_.add("per-CPU counters", parts.error());
        for (std::size_t i = 0; i < sum.size(); ++i)
            sum[i] = wrapping_add(sum[i], static_cast<std::int8_t>((*parts)[i]));
    }
}

void ZoneReader::read_pending(const Object& zone, MemoryZone& into) {
    into.pending.resize(names_.zone.size());
    const bool split = zone.has("per_cpu_zonestats");  // since 5.14 (28f836b6777b)
    const std::string_view holder = split ? "per_cpu_zonestat" : "per_cpu_pageset";
    const Object base = zone.first_of({"per_cpu_zonestats", "pageset"});
    add_differences(base, holder, "vm_stat_diff", into.pending);

    const Object numa = zone.first_of({"vm_numa_event", "vm_numa_stat"});
    if (names_.numa.size() == 0 || !numa.ok()) return;
    if (auto values = read_counters(kernel_, numa.address(), names_.numa.size()))
        into.numa = std::move(*values);
    // Both files show these with each CPU's part: u16 until 5.13, unsigned long since.
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
        const auto place = of_cpu(base, cpu);
        if (!place || *place == 0) break;
        const Object parts = kernel_.object(holder, *place).first_of({"vm_numa_event", "vm_numa_stat_diff"});
        for (std::size_t i = 0; i < into.numa.size(); ++i)
            into.numa[i] = wrapping_add(into.numa[i], static_cast<std::int64_t>(parts.at(i).u64_or(0)));
    }
}

std::uint64_t ZoneReader::count_blocks(const Object& list, const std::string& what) {
    std::uint64_t blocks = 0;
    const auto head = list.checked_address();
    const auto walk = head ? for_each_list_node(
                                 kernel_.memory(), *head,
                                 [&](std::uint64_t) {
                                     ++blocks;
                                     return true;
                                 },
                                 longest_free_list)
                           : fail(head.error());
    if (!walk) problems_.add("a free list", what, walk.error());
    return blocks;
}

void ZoneReader::read_free_areas(const Object& zone, MemoryZone& into) {
    const Object areas = zone["free_area"];
    if (!areas.ok()) return problems_.add("a zone's free blocks", *areas.error());
    const std::uint64_t orders = std::min(areas.type().count, most_orders);
    for (std::uint64_t order = 0; order < orders; ++order) {
        const Object area = areas.at(order);
        ZoneFreeArea result;
        result.blocks = number(area["nr_free"], "free blocks");
        const Object lists = area["free_list"];
        const bool walk = by_type_ && into.present != 0 && lists.ok();  // lists of an empty zone may be unset
        for (std::uint64_t type = 0; walk && type < table_.migrate_types.size(); ++type)
            result.blocks_by_type.push_back(
                count_blocks(lists.at(type), fmt::format(" of zone {}, order {}", into.name, order)));
        into.free_areas.push_back(std::move(result));
    }
}

// enum migratetype differs with the configuration; MIGRATE_PCPTYPES is the same number as MIGRATE_HIGHATOMIC.
void ZoneReader::read_migrate_types() {
    const auto count = kernel_.types().enumerator("migratetype", "MIGRATE_TYPES");
    const auto names = kernel_.symbol("migratetype_names");
    if (!count || *count < 0) return;
    if (by_type_ && !names && names.error().code != ErrorCode::NotFound)
        problems_.add("the names of migratetypes", names.error());
    for (std::uint64_t i = 0;
         i < std::min<std::uint64_t>(static_cast<std::uint64_t>(*count), most_migrate_types); ++i) {
        const auto text =
            names ? kernel_.memory().word(*names + kernel_.memory().word_size() * i) : fail(names.error());
        const auto name = text ? kernel_.memory().c_string(*text, 32) : fail(text.error());
        table_.migrate_types.push_back(name.value_or(fmt::format("{}", i)));
    }
}

}  // namespace

ZoneTable read_zones(const Kernel& kernel, const VmCounterNames& names, bool by_type) {
    return ZoneReader(kernel, names, by_type).read();
}

VmCounters exact_counters(const ZoneTable& table, const VmCounterNames& names) {
    CounterValues zone_sum(names.zone.size()), node_sum(names.node.size());
    for (const NodeZones& node : table.nodes) {
        add_to(node_sum, node.counters);
        add_to(node_sum, node.pending);
        for (const MemoryZone& zone : node.zones) {
            add_to(zone_sum, zone.counters);
            add_to(zone_sum, zone.pending);
        }
    }
    return {names, std::move(zone_sum), std::move(node_sum)};
}

}  // namespace postmortem
