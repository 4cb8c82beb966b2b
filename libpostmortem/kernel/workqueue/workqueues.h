// Workqueues (kernel/workqueue.c): the pools and their workers, what each worker runs, what waits in line,
// and in which of these lines a flusher has put its barrier.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "object/field.h"

namespace postmortem {

struct PoolWorker {
    std::uint64_t address = 0;        ///< of its struct worker
    std::uint64_t task = 0;           ///< its task_struct
    std::uint64_t function = 0;       ///< of the work that it runs; 0 where it is idle
    std::uint64_t work = 0, pwq = 0;  ///< that work, and the pool_workqueue that it came by
    std::uint64_t pool = 0;
};

struct WorkerPool {
    std::uint64_t address = 0;
    std::int32_t id = 0;
    std::optional<std::uint32_t> cpu;
    std::vector<PoolWorker> workers;
    std::uint64_t pending = 0;         ///< works in line, barriers of flushers not counted
    std::uint64_t next_function = 0;   ///< of the first in line
    std::optional<double> idle_since;  ///< seconds since it last began with a work (pool->watchdog_ts)
};

struct KnownWorkqueue {
    std::uint64_t address = 0;
    std::string name;
    std::vector<std::uint64_t> pwqs;
};

/// What a task that flushes waits for.
struct FlushTarget {
    enum class Place : std::uint8_t { Running, Pending, Inactive, Queue, Line };
    Place place = Place::Running;
    std::string workqueue;
    std::uint64_t function = 0;  ///< of the work that is flushed, where that is known
    std::uint64_t work = 0;
    std::vector<const PoolWorker*> workers;  ///< who runs it, or what is before it
    const WorkerPool* pool = nullptr;        ///< Pending, Line: the pool whose line it stands in
};

/// Borrows the kernel.
class Workqueues {
  public:
    explicit Workqueues(const Kernel& kernel);

    const std::vector<WorkerPool>& pools() const { return pools_; }
    const Problems& problems() const { return problems_; }
    const PoolWorker* worker_of(std::uint64_t task) const;
    /// Before 2.6.36 a CPU's line of a workqueue counts as a pool with one worker, and as its pwq.
    std::string name_of_pwq(std::uint64_t pwq) const;

    /// Where the completion at `done`, for which `task` waits, is that of a barrier or of a flusher.
    std::optional<FlushTarget> flush_of(std::uint64_t done, std::uint64_t task) const;

  private:
    void read_pools();
    void read_pool(std::uint64_t address);
    void read_workers(const Object& pool, WorkerPool& made);
    void read_line(WorkerPool& pool, std::uint64_t line);
    void read_queues();
    bool has_older_lines() const;
    void read_older_queues();
    bool read_older_line(std::uint64_t address, std::uint32_t cpu);
    /// A barrier's place: the ring that it hangs in, and what stands before it there.
    struct BarrierPlace {
        std::vector<std::uint64_t> ring;
        std::uint64_t before = 0;  ///< a list_head: of the work that is flushed, or the list's own

        bool hangs_in(std::uint64_t head) const;
    };
    std::optional<BarrierPlace> place_of_barrier(std::uint64_t done, std::uint64_t task) const;
    std::optional<FlushTarget> flushed_in(const WorkerPool& pool, const BarrierPlace& place) const;
    std::optional<FlushTarget> flushed_in_line(const WorkerPool& pool, const BarrierPlace& place) const;
    void add_flushed(FlushTarget& target, const BarrierPlace& place, std::uint64_t list) const;
    std::optional<FlushTarget> by_barrier(std::uint64_t done, std::uint64_t task) const;
    std::optional<FlushTarget> by_flusher(std::uint64_t done) const;
    std::vector<const PoolWorker*> workers_of(const std::vector<std::uint64_t>& pwqs) const;
    std::uint64_t function_of(std::uint64_t work) const;
    bool flushes(const KnownWorkqueue& queue, std::uint64_t flusher) const;

    const Kernel& kernel_;
    Field entry_;  // of a work_struct
    std::uint64_t barrier_function_ = 0;
    bool older_ = false;  ///< before 2.6.36
    std::vector<WorkerPool> pools_;
    std::vector<KnownWorkqueue> queues_;
    Problems problems_;
};

}  // namespace postmortem
