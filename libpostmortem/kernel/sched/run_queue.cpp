#include "kernel/sched/run_queue.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/percpu.h"

namespace postmortem {
namespace {

constexpr std::size_t most_problems = 100;

}  // namespace

void ClassQueue::add(Error problem) {
    const auto same = [&](const Error& known) {
        return known.code == problem.code && known.message == problem.message;
    };
    if (problems.size() < most_problems && std::none_of(problems.begin(), problems.end(), same))
        problems.push_back(std::move(problem));
}

Result<RunQueue> read_run_queue(const Kernel& kernel, std::uint32_t cpu) {
    const Object rq = per_cpu_variable(kernel, "runqueues", "rq", cpu);
    const auto current = rq["curr"].u64();
    if (!current) return fail(current.error());
    // Since 6.14 (af0c8b2bf67b), one and the same without CONFIG_SCHED_PROXY_EXEC.
    const auto donor = rq.has("donor") ? rq["donor"].u64() : current;
    if (!donor) return fail(donor.error());
    return RunQueue{cpu, rq, *current, *donor};
}

TaskIndex::TaskIndex(const TaskTable& table) {
    by_address_.reserve(table.tasks.size());
    for (const Task& task : table.tasks) by_address_.emplace(task.address, &task);
}

Result<const Task*> TaskIndex::at(std::uint64_t address) const {
    const auto found = by_address_.find(address);
    if (found != by_address_.end()) return found->second;
    return fail(ErrorCode::Corrupt,
                fmt::format("what is queued as the task at {:#x} is no task that is known", address),
                address);
}

Result<void> check_queue_count(std::string_view what, std::uint64_t queue,
                               const Result<std::uint64_t>& counted, std::uint64_t found) {
    if (!counted) return fail(counted.error());
    if (*counted == found) return {};
    return fail(
        ErrorCode::Corrupt,
        fmt::format("the {} at {:#x} counts {} entries, and {} were found", what, queue, *counted, found),
        queue);
}

}  // namespace postmortem
