#include "kernel/mm/vm_counters.h"

#include <algorithm>

#include <fmt/format.h>

#include "memory/words.h"

namespace postmortem {
namespace {

constexpr std::int64_t most_counters = 1024;
constexpr std::size_t longest_label = 64;
constexpr std::size_t most_numa_counters = 16;
// Until 4.8 (75ef71840539) zones alone count, NUMA's events among the rest.
constexpr const char* only_table = "vm_stat";

std::string lower_case(std::string_view name) {
    std::string lower(name);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

// vmstat_text (mm/vmstat.c) has the zone counters' names first, then NUMA's, then the nodes'. Where it does
// not open as expected, the enums' own names stand.
class LabelTable {
  public:
    static std::optional<LabelTable> find(const Kernel& kernel) {
        const auto table = kernel.symbol("vmstat_text");
        if (!table) return std::nullopt;
        LabelTable labels(kernel, *table);
        if (labels.at(0) != "nr_free_pages") return std::nullopt;
        return labels;
    }

    std::string at(std::size_t index) const {
        const auto text = kernel_->memory().word(table_ + kernel_->memory().word_size() * index);
        return text ? kernel_->memory().c_string(*text, longest_label).value_or("") : "";
    }

    /// How many stand between the zones' names and the nodes'.
    std::optional<std::size_t> numa_count(std::size_t zone_count) const {
        for (std::size_t count = 0; count <= most_numa_counters; ++count)
            if (at(zone_count + count) == "nr_inactive_anon") return count;
        return std::nullopt;
    }

    void give(CounterNames& names, std::size_t first) const {
        for (std::size_t i = 0; i < names.size(); ++i)
            if (std::string label = at(first + i); !label.empty()) names.set_label(i, std::move(label));
    }

  private:
    LabelTable(const Kernel& kernel, std::uint64_t table) : kernel_(&kernel), table_(table) {}

    const Kernel* kernel_;
    std::uint64_t table_;
};

}  // namespace

Result<CounterNames> CounterNames::find(const TypeFinder& types, std::string_view enum_name,
                                        std::string_view end) {
    const auto type = types.find(TypeKind::Enum, enum_name);
    if (!type) return fail(type.error());
    const auto count = types.enumerator(enum_name, end);
    if (!count) return fail(count.error());
    if (*count < 0 || *count > most_counters)
        return fail(ErrorCode::Corrupt, fmt::format("enum {} claims {} counters", enum_name, *count));
    CounterNames names;
    names.labels_.resize(static_cast<std::size_t>(*count));
    for (const Enumerator& item : types.get(*type).enumerators) {
        if (item.value < 0 || item.value >= *count) continue;
        const auto index = static_cast<std::size_t>(item.value);
        names.indices_[item.name] = index;
        names.labels_[index] = lower_case(item.name);
    }
    return names;
}

CounterNames CounterNames::unnamed(std::size_t count) {
    CounterNames names;
    names.labels_.resize(count);
    return names;
}

std::optional<std::size_t> CounterNames::index_of(std::string_view enumerator) const {
    const auto found = indices_.find(std::string(enumerator));
    if (found == indices_.end()) return std::nullopt;
    return found->second;
}

Result<VmCounterNames> VmCounterNames::read(const Kernel& kernel) {
    const TypeFinder& types = kernel.types();
    VmCounterNames names;
    auto zone = CounterNames::find(types, "zone_stat_item", "NR_VM_ZONE_STAT_ITEMS");
    if (!zone) return fail(std::move(zone.error()));
    names.zone = std::move(*zone);
    const bool by_node = !kernel.symbol(only_table);
    auto node = CounterNames::find(types, "node_stat_item", "NR_VM_NODE_STAT_ITEMS");
    if (!node && by_node) return fail(std::move(node.error()));
    if (node) names.node = std::move(*node);
    const auto labels = LabelTable::find(kernel);
    if (!labels) return names;
    if (!by_node) {
        labels->give(names.zone, 0);
        return names;
    }
    // enum numa_stat_item until 5.13, numa_event_item since (f19298b9516c): no type information on some
    // kernels.
    const auto numa = labels->numa_count(names.zone.size());
    if (!numa) return names;
    names.numa = CounterNames::unnamed(*numa);
    labels->give(names.zone, 0);
    labels->give(names.numa, names.zone.size());
    labels->give(names.node, names.zone.size() + *numa);
    return names;
}

Result<CounterValues> read_counters(const Kernel& kernel, std::uint64_t address, std::size_t count) {
    return signed_words(kernel.memory(), address, count);
}

Result<VmCounters> VmCounters::read(const Kernel& kernel, const VmCounterNames& names) {
    if (const auto table = kernel.symbol(only_table)) {
        auto all = read_counters(kernel, *table, names.zone.size());
        if (!all) return fail(std::move(all.error()));
        return VmCounters(names, std::move(*all), CounterValues(names.node.size()));
    }
    const auto zone_table = kernel.symbol("vm_zone_stat"), node_table = kernel.symbol("vm_node_stat");
    if (!zone_table) return fail(zone_table.error());
    if (!node_table) return fail(node_table.error());
    auto zone = read_counters(kernel, *zone_table, names.zone.size());
    if (!zone) return fail(std::move(zone.error()));
    auto node = read_counters(kernel, *node_table, names.node.size());
    if (!node) return fail(std::move(node.error()));
    return VmCounters(names, std::move(*zone), std::move(*node));
}

Result<std::uint64_t> VmCounters::get(std::initializer_list<std::string_view> enumerators) const {
    for (const std::string_view name : enumerators) {
        const auto in_node = names_->node.index_of(name), in_zone = names_->zone.index_of(name);
        if (!in_node && !in_zone) continue;
        const std::int64_t value = in_node ? node_[*in_node] : zone_[*in_zone];
        return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
    }
    return fail(ErrorCode::NotFound, fmt::format("this kernel does not count {}", *enumerators.begin()));
}

bool VmCounters::has(std::string_view enumerator) const {
    return names_->node.index_of(enumerator) || names_->zone.index_of(enumerator);
}

}  // namespace postmortem
