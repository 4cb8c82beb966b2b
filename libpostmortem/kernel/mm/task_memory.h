// What a task's address space held: the counters behind VmSize and VmRSS (fs/proc/task_mmu.c,
// include/linux/mm.h).
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/sched/tasks.h"

namespace postmortem {

/// All in pages.
struct TaskMemory {
    std::uint64_t total_vm = 0;
    std::uint64_t file = 0;
    std::uint64_t anon = 0;
    std::uint64_t swap = 0;
    std::uint64_t shmem = 0;
    /// A damaged list of tasks lacks threads of the process: what they have not handed in is in no counter.
    bool lacks_threads = false;

    std::uint64_t rss() const { return file + anon + shmem; }
    Error lacking() const;  ///< what to say of its RSS where it lacks threads
};

/// Reads the counters of many tasks; what threads cache on their own (before 6.2) is added up once for all.
/// Thread-safe. Borrows the kernel.
class TaskMemoryReader {
  public:
    TaskMemoryReader(const Kernel& kernel, const TaskTable& table);

    /// All zero for a task without an mm. Exact: per-CPU parts and those of the process's own threads are
    /// included; what another process that shares the mm (vfork) has cached is counted there.
    Result<TaskMemory> read(const Task& task) const { return read(task, Parts::All); }

    /// As get_mm_counter() sees them: without what CPUs and threads have not yet handed in.
    Result<TaskMemory> read_handed_in(const Task& task) const { return read(task, Parts::HandedIn); }

    /// Why the memory of processes cannot be had, if it is the same for all.
    const std::optional<Error>& missing() const { return missing_; }

  private:
    enum class Parts { All, HandedIn };

    // MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES: an anonymous enum, in this order. The last one
    // came with 4.5 (eca56ff906bd); before, such pages counted as file pages.
    enum Counter : std::size_t { FilePages, AnonPages, SwapEntries, ShmemPages, CounterKinds };
    using Counters = std::array<std::uint64_t, CounterKinds>;  ///< two's complement: they may be below zero

    Result<TaskMemory> read(const Task& task, Parts parts) const;
    void find_counters();
    void find_cpu_offsets();
    void find_lost_threads(const TaskTable& table);
    Result<std::uint64_t> counter(std::uint64_t mm, std::size_t index, Parts wanted) const;

    const Kernel& kernel_;
    std::vector<std::uint64_t> cpu_offsets_;
    Field total_vm_;
    std::array<Field, CounterKinds> counters_;  ///< those that this kernel has
    Field percpu_count_;                        ///< absent where the counters are no percpu_counter
    Field percpu_parts_;
    std::optional<Error> missing_;
    bool has_mm_ = false;  ///< whether tasks are known to say which address space is theirs
    std::unordered_map<std::int32_t, Counters> cached_by_tgid_;  ///< what its threads have not yet handed in
    std::unordered_set<std::int32_t> lacking_;                   ///< processes without all of their threads
};

/// totalram_pages: what ps's %MEM is a share of.
Result<std::uint64_t> total_ram_pages(const Kernel& kernel);

}  // namespace postmortem
