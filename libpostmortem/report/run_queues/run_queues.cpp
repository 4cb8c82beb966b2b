#include "report/run_queues/run_queues.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/cgroup/cgroups.h"
#include "kernel/cpus.h"
#include "kernel/sched/fair_queue.h"
#include "kernel/sched/other_queues.h"
#include "kernel/sched/rt_queue.h"
#include "types/partial_types.h"

namespace postmortem {
namespace {

class RunQueueMaker {
  public:
    explicit RunQueueMaker(const Kernel& kernel)
        : kernel_(kernel),
          table_(read_tasks(kernel)),
          index_(table_),
          groups_(kernel),
          reader_(kernel),
          fair_(kernel, index_, groups_),
          realtime_(kernel, index_, groups_),
          paths_(kernel) {
        const auto optional = [&](std::string_view structure, std::initializer_list<std::string_view> paths) {
            return Field::find(kernel.types(), structure, paths).value_or(Field());
        };
        priority_ = optional("task_struct", {"prio"});
        // task->on_rq since 2.6.39 (fd2f4419b4cb)
        on_rq_ = optional("task_struct", {"on_rq", "se.on_rq"});
        // CONFIG_SCHED_INFO
        last_arrival_ = optional("task_struct", {"sched_info.last_arrival"});
        last_queued_ = optional("task_struct", {"sched_info.last_queued"});
        cgroup_ = optional("task_group", {"css.cgroup"});
        problems_.add_all(table_.problems);
        if (auto damage = kernel.types().damage(); damage && !are_partial(kernel.types()))
            problems_.add(std::move(*damage));
    }

    RunQueues start() {
        RunQueues answer;
        for (const Error& problem : groups_.problems()) problems_.add("the task groups", problem);
        answer.groups_known = groups_.problems().empty() || !groups_.all().empty();
        if (groups_.all().empty()) return answer;
        answer.root_task_group = groups_.all().front().address;
        answer.root_task_group_name = groups_.has_old_name() ? "INIT" : "ROOT";
        answer.fair_groups = groups_.have("cfs_rq");
        answer.realtime_groups = groups_.have("rt_rq");
        return answer;
    }

    CpuRunQueue make(std::uint32_t cpu, bool online);
    Problems take_problems() { return problems_.take(); }

  private:
    RunnableTask task_of(const Task& task);
    void add_waiting(RunnableTask& shown, const Task& task, std::optional<std::uint64_t> clock);
    std::optional<RunnableTask> task_at(std::uint64_t address, const RunQueue& rq, std::string_view which);
    RunQueueRow row_of(const QueuedEntity& entity, std::optional<std::uint64_t> clock);
    SchedulingQueue queue_of(const ClassQueue& found, std::string_view name, const CpuRunQueue& of);
    std::string cgroup_of(std::uint64_t group);
    void add_on_rq(CpuRunQueue& made, const RunQueue& rq);
    void add_running_time(CpuRunQueue& made);

    const Kernel& kernel_;
    TaskTable table_;
    TaskIndex index_;
    TaskGroups groups_;
    TaskReader reader_;
    FairQueues fair_;
    RtQueues realtime_;
    CgroupPaths paths_;
    Field priority_, on_rq_, last_arrival_, last_queued_, cgroup_;
    ProblemCollector problems_;
};

RunnableTask RunQueueMaker::task_of(const Task& task) {
    RunnableTask shown;
    shown.task = task.address;
    shown.pid = task.pid;
    shown.comm = task.comm;
    const auto priority = priority_.i64(kernel_.memory(), task.address);
    if (priority)
        shown.priority = static_cast<std::int32_t>(*priority);
    else
        problems_.add("the priority", fmt::format("of pid {}", task.pid), priority.error());
    if (!last_arrival_.present()) return shown;
    if (const auto arrival = last_arrival_.u64(kernel_.memory(), task.address))
        shown.last_run_ns = *arrival;
    else
        problems_.add("the last run", fmt::format("of pid {}", task.pid), arrival.error());
    return shown;
}

// sched_info_enqueue(): last_queued is the runqueue's clock when the task was queued here or had to make way,
// and 0 of one that does not wait (kernel/sched/stats.h).
void RunQueueMaker::add_waiting(RunnableTask& shown, const Task& task, std::optional<std::uint64_t> clock) {
    if (shown.current || shown.dequeue_delayed) {
        shown.waiting_unknown = shown.current ? "it was running" : "it sleeps";
        return;
    }
    if (!last_queued_.present()) {
        shown.waiting_unknown = "the kernel notes no waiting times (CONFIG_SCHED_INFO)";
        return;
    }
    const auto queued = last_queued_.u64(kernel_.memory(), task.address);
    if (!queued) {
        shown.waiting_unknown = queued.error().message;
        problems_.add("the waiting time", fmt::format("of pid {}", task.pid), queued.error());
    } else if (*queued == 0) {
        shown.waiting_unknown = "the kernel did not note since when it waits";
    } else if (!clock) {
        shown.waiting_unknown = "the runqueue's clock could not be read";
        shown.queued_since_ns = *queued;
    } else if (*queued > *clock) {
        shown.waiting_unknown = "it is said to wait since after the crash";
        problems_.add("the waiting time", fmt::format("of pid {}", task.pid),
                      {ErrorCode::Corrupt, shown.waiting_unknown, task.address});
    } else {
        shown.queued_since_ns = *queued;
        shown.waiting_ns = *clock - *queued;
    }
}

// What runs is a task of the table or the CPU's idle one: whatever else lies at the address is none.
std::optional<RunnableTask> RunQueueMaker::task_at(std::uint64_t address, const RunQueue& rq,
                                                   std::string_view which) {
    if (const auto known = index_.at(address)) return task_of(**known);
    const auto idle = rq.rq["idle"].u64();
    const auto task = idle && *idle == address
                          ? reader_.read(address)
                          : Result<Task>(fail(ErrorCode::Corrupt, "no task lies there", address));
    if (task) return task_of(*task);
    problems_.add("the task", which, task.error());
    return std::nullopt;
}

std::string RunQueueMaker::cgroup_of(std::uint64_t group) {
    const auto cgroup = cgroup_.u64(kernel_.memory(), group);
    // An autogroup has none.
    if (cgroup && *cgroup == 0) return {};
    auto path = cgroup ? paths_.of(*cgroup) : Result<std::string>(fail(cgroup.error()));
    if (path) return std::move(*path);
    problems_.add("the name", "of a task group", path.error());
    return {};
}

RunQueueRow RunQueueMaker::row_of(const QueuedEntity& entity, std::optional<std::uint64_t> clock) {
    RunQueueRow row;
    row.depth = entity.depth;
    row.list = entity.list;
    row.dequeued = entity.dequeued;
    if (entity.task) {
        row.task = task_of(*entity.task);
        row.task->current = entity.current;
        row.task->dequeue_delayed = entity.dequeue_delayed;
        add_waiting(*row.task, *entity.task, clock);
        return row;
    }
    row.group = QueuedTaskGroup{entity.group, entity.queue, {}, entity.throttled};
    if (entity.group != 0) row.group->cgroup = cgroup_of(entity.group);
    return row;
}

SchedulingQueue RunQueueMaker::queue_of(const ClassQueue& found, std::string_view name,
                                        const CpuRunQueue& of) {
    SchedulingQueue queue;
    queue.address = found.address;
    queue.queue = found.queue;
    queue.whole = found.problems.empty();
    for (const Error& problem : found.problems)
        problems_.add(fmt::format("the {} queue", name), fmt::format("of CPU {}", of.cpu), problem);
    queue.rows.reserve(found.entities.size());
    for (const QueuedEntity& entity : found.entities) queue.rows.push_back(row_of(entity, of.clock_ns));
    return queue;
}

// The idle task is always on its queue, though never in a tree or list.
void RunQueueMaker::add_on_rq(CpuRunQueue& made, const RunQueue& rq) {
    const auto trouble = [&](const Error& error) {
        made.on_rq_whole = false;
        problems_.add("the tasks on the runqueue", fmt::format("of CPU {}", made.cpu), error);
    };
    const auto add = [&](const Task& task) {
        const auto on_rq = on_rq_.u64(kernel_.memory(), task.address);
        if (!on_rq) return trouble(on_rq.error());
        if (*on_rq == 0) return;
        made.on_rq.push_back(task_of(task));
        made.on_rq.back().current = task.address == rq.current;
        add_waiting(made.on_rq.back(), task, made.clock_ns);
    };
    const auto idle = rq.rq["idle"].u64();
    const auto idle_task = idle ? reader_.read(*idle) : Result<Task>(fail(idle.error()));
    idle_task ? add(*idle_task) : trouble(idle_task.error());
    for (const Task& task : table_.tasks)
        if (!task.is_idle() && task.cpu == made.cpu) add(task);
}

void RunQueueMaker::add_running_time(CpuRunQueue& made) {
    if (!made.clock_ns || !made.current || !made.current->last_run_ns) return;
    const std::uint64_t since = *made.current->last_run_ns;
    made.running_ns = since < *made.clock_ns ? *made.clock_ns - since : 0;
}

CpuRunQueue RunQueueMaker::make(std::uint32_t cpu, bool online) {
    CpuRunQueue made;
    made.cpu = cpu;
    made.online = online;
    const auto rq = read_run_queue(kernel_, cpu);
    if (!rq) {
        problems_.add("the runqueue", fmt::format("of CPU {}", cpu), rq.error());
        made.on_rq_whole = false;
        return made;
    }
    made.runqueue = rq->rq.address();
    const auto clock = rq->rq["clock"].u64();
    if (clock)
        made.clock_ns = *clock;
    else
        problems_.add("the clock", fmt::format("of CPU {}", cpu), clock.error());
    made.current_task = rq->current;
    made.current = task_at(rq->current, *rq, fmt::format("that CPU {} was running", cpu));
    if (made.current) made.current->current = true;
    add_running_time(made);
    if (rq->donor != rq->current)
        made.donor = task_at(rq->donor, *rq, fmt::format("on whose account CPU {} was running", cpu));
    if (const auto found = stop_queue(kernel_, index_, *rq)) made.stop = queue_of(*found, "stop", made);
    if (const auto found = deadline_queue(kernel_, index_, *rq))
        made.deadline = queue_of(*found, "deadline", made);
    made.realtime = queue_of(realtime_.of(*rq), "real-time", made);
    made.fair = queue_of(fair_.of(*rq), "fair", made);
    if (const auto found = extensible_queue(kernel_, index_, *rq))
        made.extensible = queue_of(*found, "extensible", made);
    add_on_rq(made, *rq);
    return made;
}

}  // namespace

Result<RunQueues> make_run_queues(const Kernel& kernel, const std::vector<std::uint32_t>& cpus) {
    const auto running = read_running_cpus(kernel);
    if (!running) return fail(running.error());
    std::vector<std::uint32_t> all = *running;
    // One that was taken down, or never came up, has a runqueue all the same.
    if (const auto present = read_cpu_mask(kernel, "present")) {
        all.clear();
        std::set_union(running->begin(), running->end(), present->begin(), present->end(),
                       std::back_inserter(all));
    }
    for (const std::uint32_t cpu : cpus)
        if (!std::binary_search(all.begin(), all.end(), cpu))
            return fail(ErrorCode::InvalidArgument, fmt::format("the machine has no CPU {}", cpu));
    RunQueueMaker maker(kernel);
    RunQueues answer = maker.start();
    for (const std::uint32_t cpu : all)
        if (cpus.empty() || std::find(cpus.begin(), cpus.end(), cpu) != cpus.end())
            answer.cpus.push_back(maker.make(cpu, std::binary_search(running->begin(), running->end(), cpu)));
    answer.problems = maker.take_problems();
    return answer;
}

}  // namespace postmortem
