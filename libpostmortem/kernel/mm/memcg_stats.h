// What a memory control group counts besides its limits: the lines of memory.stat. The kernel's own table of
// names is read from the dump, where it has one; where the numbers lie has changed often (mm/memcontrol.c).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <postmortem/cgroup_tree.h>

#include "kernel/kernel.h"
#include "kernel/mm/memcg_lists.h"
#include "object/field.h"

namespace postmortem {

/// Borrows the kernel. Thread-safe once made.
class MemcgStatReader {
  public:
    explicit MemcgStatReader(const Kernel& kernel);

    /// Why there are no statistics at all.
    const std::optional<Error>& missing() const { return missing_; }

    /// Indexed alike: what has been added up for the group, and what waits in it (not in groups below) to be.
    struct Numbers {
        std::vector<std::int64_t> flushed, waiting;
    };
    Result<Numbers> read(std::uint64_t memcg) const;

    /// The numbers of groups are their own, and the kernel adds up those below when memory.stat is read.
    bool are_added_up_when_asked() const { return of_group_alone_; }
    /// What a group's parent has to count for it; children first.
    void hand_up(const Numbers& group, Numbers& above) const;
    /// The lines, once the groups below have handed up theirs.
    std::vector<CgroupStat> lines(const Numbers& numbers) const;

  private:
    struct Item {
        std::string name;
        std::size_t index = 0;
        std::int64_t unit = 1;
    };
    Result<void> find_layout();
    Result<void> find_layout_before_vmstats();
    Result<void> find_cpus();
    Result<void> read_names();
    Result<std::size_t> place_of(std::uint64_t item) const;
    Result<std::vector<std::int64_t>> numbers_at(std::uint64_t address) const;

    const Kernel& kernel_;
    std::optional<Error> missing_;
    std::vector<std::uint64_t> cpu_offsets_;
    std::vector<std::byte> index_;    ///< mem_cgroup_stats_index, since 6.11
    std::size_t count_ = 0;           ///< numbers in each array
    std::uint64_t number_bytes_ = 0;  ///< 8 also where a word is half of that; else as wide as a word
    Field vmstats_;
    bool by_pointer_ = false;        ///< mem_cgroup.vmstats is a pointer
    bool of_group_alone_ = false;    ///< the groups below are not in a group's numbers
    bool flushed_at_once_ = false;   ///< cgroupfs adds up what the CPUs have
    bool is_part_of_group_ = false;  ///< what the CPUs have lies in the group, one behind the other
    Field state_, pending_;          ///< in what vmstats is or points to
    Field percpu_, percpu_state_, percpu_before_;
    std::vector<Item> items_;
    std::optional<MemcgLists> lists_;  ///< behind the other numbers of a group
};

}  // namespace postmortem
