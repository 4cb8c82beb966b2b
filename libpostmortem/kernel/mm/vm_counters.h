// The kernel's memory counters (mm/vmstat.c): vm_zone_stat and vm_node_stat, once vm_stat, by the names of
// their enums (include/linux/mmzone.h), which gain, lose and reorder members with every release.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// One enum of counters: which index bears which name.
class CounterNames {
  public:
    /// The enumerators of `enum_name` below `end`. Errors: those of the type finder; Corrupt.
    static Result<CounterNames> find(const TypeFinder& types, std::string_view enum_name,
                                     std::string_view end);

    /// Counters of which only the labels will be known.
    static CounterNames unnamed(std::size_t count);

    std::size_t size() const { return labels_.size(); }
    std::optional<std::size_t> index_of(std::string_view enumerator) const;
    /// As /proc/vmstat calls it, "nr_free_pages"; the enumerator in lower case where that is unknown.
    const std::string& label(std::size_t index) const { return labels_[index]; }
    void set_label(std::size_t index, std::string label) { labels_[index] = std::move(label); }

  private:
    std::unordered_map<std::string, std::size_t> indices_;
    std::vector<std::string> labels_;
};

struct VmCounterNames {
    CounterNames zone;  ///< enum zone_stat_item
    CounterNames node;  ///< enum node_stat_item; empty before 4.8, when zones counted all
    CounterNames numa;  ///< what zones count for NUMA beside, labels only; empty without CONFIG_NUMA

    /// Errors: those of the type finder, for those of the first two that this kernel has.
    static Result<VmCounterNames> read(const Kernel& kernel);
};

/// The values of one enum's counters, for the whole machine, one node or one zone.
using CounterValues = std::vector<std::int64_t>;

/// An array of `count` atomic_long_t.
Result<CounterValues> read_counters(const Kernel& kernel, std::uint64_t address, std::size_t count);

/// The machine's totals as /proc/meminfo takes them: without what CPUs hold back (at most 125 each), and
/// never below zero.
class VmCounters {
  public:
    static Result<VmCounters> read(const Kernel& kernel, const VmCounterNames& names);

    VmCounters(const VmCounterNames& names, CounterValues zone, CounterValues node)
        : names_(&names), zone_(std::move(zone)), node_(std::move(node)) {}

    /// The counter that bears one of these names, newest first, in either enum. NotFound where this kernel
    /// has none of them.
    Result<std::uint64_t> get(std::initializer_list<std::string_view> enumerators) const;
    Result<std::uint64_t> get(std::string_view enumerator) const { return get({enumerator}); }

    bool has(std::string_view enumerator) const;

    /// Where a zone's counters hold it.
    std::optional<std::size_t> zone_index(std::string_view enumerator) const {
        return names_->zone.index_of(enumerator);
    }
    const CounterValues& zone() const { return zone_; }
    const CounterValues& node() const { return node_; }

  private:
    const VmCounterNames* names_;
    CounterValues zone_, node_;
};

}  // namespace postmortem
