// The control groups of the memory controller, as /sys/fs/cgroup would have shown them (mm/memcontrol.c,
// mm/page_counter.c): version 1 and version 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/api.h>
#include <postmortem/problem.h>

namespace postmortem {

/// A struct page_counter. In pages.
struct CgroupCounter {
    std::uint64_t usage_pages = 0;
    std::uint64_t min_pages = 0;              ///< protected at any rate; version 2
    std::uint64_t low_pages = 0;              ///< protected as far as possible; version 2
    std::optional<std::uint64_t> high_pages;  ///< throttled above it; absent for "max"
    std::optional<std::uint64_t> max_pages;   ///< the limit; absent for "max"
    std::uint64_t peak_pages = 0;             ///< highest usage so far (watermark)
    std::uint64_t failcnt = 0;                ///< how often the limit was hit; version 1 (and 2 until 6.16)
};

/// A line of memory.stat.
struct CgroupStat {
    std::string name;
    std::int64_t value = 0;  ///< bytes, or a count for workingset_*, pg* and their like
    /// What cgroupfs shows before the kernel flushes what CPUs and groups below have not yet handed up.
    std::int64_t flushed = 0;
};

/// A line of memory.events or memory.swap.events ("swap.max").
struct CgroupEvent {
    std::string name;
    std::uint64_t count = 0;  ///< in the group and below
    std::uint64_t local = 0;  ///< in the group itself
};

struct CgroupNode {
    std::string path;   ///< untrusted text: escape before printing
    std::string owner;  ///< pod, container, unit, as the path tells; empty where it does not
    std::size_t depth = 0;
    std::optional<std::size_t> parent;  ///< index in CgroupTree::groups
    std::uint64_t memcg = 0;            ///< address of its struct mem_cgroup
    bool online = true;                 ///< false: removed, and still charged for what is left behind

    std::optional<CgroupCounter> memory;            ///< the root group has no numbers of its own
    std::optional<CgroupCounter> swap;              ///< version 2
    std::optional<CgroupCounter> memory_and_swap;   ///< version 1
    std::optional<CgroupCounter> kernel_memory;     ///< version 1
    std::optional<std::uint64_t> soft_limit_pages;  ///< version 1; absent for none
    std::optional<std::int32_t> swappiness;         ///< version 1
    bool oom_group = false;                         ///< memory.oom.group: all die together
    bool oom_kill_disabled = false;                 ///< version 1: tasks wait instead
    bool under_oom = false;                         ///< version 1
    /// false: memory.use_hierarchy is 0 (version 1, until 5.11): what the groups below use is not charged to
    /// it, and their tasks do not die for its limit.
    bool counts_below = true;
    std::vector<CgroupEvent> events;
    std::vector<CgroupStat> stats;

    std::vector<std::int32_t> pids;  ///< processes in the group itself, ascending
    std::uint64_t tasks = 0;         ///< their threads
    std::uint64_t tasks_below = 0;   ///< threads in the group and below

    POSTMORTEM_API std::optional<std::int64_t> stat(std::string_view name) const;
};

struct CgroupTree {
    bool v2 = true;
    std::uint64_t page_size = 4096;
    std::vector<CgroupNode> groups;  ///< each behind its parent; children in the kernel's order
    Problems problems;

    /// The group of that path, or whose path ends with "/" and that name; null where none does, or several
    /// do.
    POSTMORTEM_API const CgroupNode* find(std::string_view path) const;
};

}  // namespace postmortem
