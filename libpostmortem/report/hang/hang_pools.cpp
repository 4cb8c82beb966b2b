#include "report/hang/hang_pools.h"

#include "report/hang/hang_limits.h"
#include "report/tasks/task_mention.h"

namespace postmortem {

std::vector<HangPool> find_stalled_pools(const Kernel& kernel, const TaskTable& table,
                                         const Workqueues& queues) {
    std::vector<HangPool> stalled;
    const auto name_of = [&](std::uint64_t function) {
        const auto hit = kernel.symbol_at(function);
        return hit ? std::string(hit->symbol.name) : std::string();
    };
    for (const WorkerPool& pool : queues.pools()) {
        if (pool.pending == 0 || pool.idle_since.value_or(0) < long_seconds) continue;
        HangPool& made = stalled.emplace_back();
        made.pool = pool.id;
        made.cpu = pool.cpu;
        made.pending = pool.pending;
        made.seconds = pool.idle_since;
        made.next = name_of(pool.next_function);
        for (const PoolWorker& worker : pool.workers) {
            const Task* task = worker.work != 0 ? table.by_address(worker.task) : nullptr;
            if (task)
                made.busy.push_back(
                    {mention(*task), name_of(worker.function), queues.name_of_pwq(worker.pwq)});
        }
    }
    return stalled;
}

}  // namespace postmortem
