// What a task's address space held: the counters behind VmSize and VmRSS (fs/proc/task_mmu.c,
// include/linux/mm.h).
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "kernel/tasks.h"

namespace postmortem {

/// All in pages.
struct TaskMemory {
    std::uint64_t total_vm = 0;
    std::uint64_t file = 0;
    std::uint64_t anon = 0;
    std::uint64_t swap = 0;
    std::uint64_t shmem = 0;

    std::uint64_t rss() const { return file + anon + shmem; }
};

/// Reads the counters of many tasks; what threads cache on their own (before 6.2) is added up once for all.
/// Borrows the kernel and the table.
class TaskMemoryReader {
  public:
    TaskMemoryReader(const Kernel& kernel, const TaskTable& table);

    /// All zero for a task without an mm. Exact: per-CPU parts and those of the process's own threads are
    /// included; what another process that shares the mm (vfork) has cached is counted there.
    Result<TaskMemory> read(const Task& task) const;

  private:
    static constexpr std::size_t counter_count = 4;
    using Counters = std::array<std::int64_t, counter_count>;

    Result<std::int64_t> counter(std::uint64_t mm, std::size_t index) const;

    const Kernel& kernel_;
    std::vector<std::uint64_t> cpu_offsets_;
    Field total_vm_;
    Field rss_stat_;      ///< an array of struct percpu_counter (6.2 and later) or of atomic_long_t
    Field percpu_count_;  ///< absent where the counters are no percpu_counter
    Field percpu_parts_;
    std::uint64_t counter_size_ = 0;
    std::optional<Error> missing_;
    std::unordered_map<std::int32_t, Counters> cached_by_tgid_;  ///< what its threads have not yet handed in
};

/// totalram_pages: what ps's %MEM is a share of.
Result<std::uint64_t> total_ram_pages(const Kernel& kernel);

}  // namespace postmortem
