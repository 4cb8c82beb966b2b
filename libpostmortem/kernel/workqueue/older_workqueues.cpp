// Workqueues before 2.6.36 (e22bee782b3b): each has a thread of its own for every CPU, or one in all, and each thread
// a line of works (struct cpu_workqueue_struct).
#include <algorithm>

#include <fmt/format.h>

#include "kernel/cpus.h"
#include "kernel/lists.h"
#include "kernel/percpu.h"
#include "kernel/workqueue/workqueues.h"

namespace postmortem {
namespace {

constexpr std::size_t most_older_queues = 1u << 16, longest_older_name = 64;

}  // namespace

bool Workqueues::has_older_lines() const {
    return Field::find(kernel_.types(), "cpu_workqueue_struct", {"worklist"}).has_value() &&
           Field::find(kernel_.types(), "workqueue_struct", {"cpu_wq"}).has_value();
}

void Workqueues::read_older_queues() {
    const auto head = kernel_.symbol("workqueues");
    const auto link = Field::find(kernel_.types(), "workqueue_struct", {"list"});
    const auto cpus = read_cpu_mask(kernel_, "possible");
    if (!head || !link || !cpus)
        return problems_.push_back(!head ? head.error() : !link ? link.error() : cpus.error());
    const auto walked = for_each_list_node(
        kernel_.memory(), *head,
        [&](std::uint64_t at) {
            const Object queue = kernel_.object("workqueue_struct", at - link->offset());
            KnownWorkqueue made;
            made.address = queue.address();
            made.name = queue["name"].string(longest_older_name).value_or("");
            const auto lines = queue["cpu_wq"].u64();
            if (!lines) problems_.push_back(lines.error());
            for (const std::uint32_t cpu : lines ? *cpus : std::vector<std::uint32_t>()) {
                const auto line = per_cpu_address(kernel_, *lines, cpu);
                if (line && read_older_line(*line, cpu)) made.pwqs.push_back(*line);
                if (!line) problems_.push_back(line.error());
            }
            queues_.push_back(std::move(made));
            return queues_.size() < most_older_queues;
        },
        most_older_queues);
    if (!walked) problems_.push_back(walked.error());
}

// Whether the line has a thread: of those of a queue with one thread only one does.
bool Workqueues::read_older_line(std::uint64_t address, std::uint32_t cpu) {
    const Object line = kernel_.object("cpu_workqueue_struct", address);
    const auto thread = line["thread"].u64(), current = line["current_work"].u64();
    const auto works = line["worklist"].checked_address();
    if (!thread || !current || !works) {
        problems_.push_back(!thread ? thread.error() : !current ? current.error() : works.error());
        return false;
    }
    if (*thread == 0) return false;
    WorkerPool& made = pools_.emplace_back();
    made.address = address;
    made.id = static_cast<std::int32_t>(pools_.size() - 1);
    made.cpu = cpu;
    PoolWorker worker{address, *thread, 0, *current, address, address};
    // A work may be freed by what it runs: what lies there then is no function.
    const std::uint64_t function = *current != 0 ? function_of(*current) : 0;
    const auto hit = kernel_.symbol_at(function);
    if (hit && hit->symbol.address == function) worker.function = function;
    made.workers.push_back(worker);
    read_line(made, *works);
    return true;
}

// The thread takes one work after the other: the barrier is met when those before it have ended.
std::optional<FlushTarget> Workqueues::flushed_in_line(const WorkerPool& pool,
                                                       const BarrierPlace& place) const {
    const auto works = Field::find(kernel_.types(), "cpu_workqueue_struct", {"worklist"});
    if (!works || !place.hangs_in(works->address_in(pool.address))) return std::nullopt;
    const std::uint64_t list = works->address_in(pool.address);
    const PoolWorker& worker = pool.workers.front();
    const bool is_next = place.before == 0 || place.before == list;
    FlushTarget target{is_next ? FlushTarget::Place::Running : FlushTarget::Place::Line,
                       name_of_pwq(pool.address),
                       is_next ? worker.function : 0,
                       is_next ? worker.work : 0,
                       {},
                       &pool};
    if (worker.work != 0) target.workers.push_back(&worker);
    add_flushed(target, place, list);
    return target;
}

}  // namespace postmortem
