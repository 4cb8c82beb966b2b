#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<RunnableTask>& task) {
    task.is("runnable task", "A task that runs, or waits for a CPU");
    task.add("pid", &RunnableTask::pid, "its own number, as `ps -L` shows it under LWP");
    task.add("task", &RunnableTask::task, "its task_struct").address();
    task.add("comm", &RunnableTask::comm, "its name");
    task.add("priority", &RunnableTask::priority,
             "`prio`: 100 to 139 for nice -20 to 19, 0 to 99 real-time, -1 deadline");
    task.add("current", &RunnableTask::current, "the CPU was running it");
    task.add("last_run_ns", &RunnableTask::last_run_ns,
             "when a CPU last began to run it, by the runqueue's clock (`sched_info.last_arrival`)");
    task.add("queued_since_ns", &RunnableTask::queued_since_ns,
             "since when it waits, by the same clock (`sched_info.last_queued`)");
    task.add("waiting_ns", &RunnableTask::waiting_ns, "for how long it has been waiting");
    task.add("waiting_unknown", &RunnableTask::waiting_unknown, "why there is no `waiting_ns`").or_left_out();
    task.add("dequeue_delayed", &RunnableTask::dequeue_delayed,
             "it sleeps, and was to leave the queue later (Linux 6.12)")
        .or_left_out();
}

void describe(Describer<QueuedTaskGroup>& group) {
    group.add("group", &QueuedTaskGroup::group, "its task_group").address();
    group.add("queue", &QueuedTaskGroup::queue, "its cfs_rq or rt_rq on this CPU").address();
    group.add("cgroup", &QueuedTaskGroup::cgroup, "path of the control group; an autogroup has none")
        .or_null();
    group.add("throttled", &QueuedTaskGroup::throttled, "it has used up its quota of time");
}

void describe(Describer<RunQueueRow>& row) {
    row.add("depth", &RunQueueRow::depth,
            "0 for what is in the root group; a group's own rows follow it, as deep as itself");
    row.add("task", &RunQueueRow::task, "where it is a task").or_left_out();
    row.add("group", &RunQueueRow::group, "where it is a task group").or_left_out();
    row.add("list", &RunQueueRow::list, "of real-time tasks: the list, 0 (the most urgent) to 99")
        .or_left_out();
    row.add("dequeued", &RunQueueRow::dequeued,
            "its group is off the CPU's queue, as throttled ones are: it does not wait for the CPU")
        .or_left_out();
}

void describe(Describer<SchedulingQueue>& queue) {
    queue.is("scheduling queue", "What one scheduling class had for a CPU");
    queue.add("address", &SchedulingQueue::address, "of its tree, array of lists, or list")
        .address()
        .or_null();
    queue.add("queue", &SchedulingQueue::queue, "its cfs_rq, rt_rq, dl_rq, …").address().or_null();
    queue.add("whole", &SchedulingQueue::whole, "these are all; otherwise `problems` has the reason");
    queue.add("rows", &SchedulingQueue::rows, "in the order of the class");
}

void describe(Describer<CpuRunQueue>& cpu) {
    cpu.add("cpu", &CpuRunQueue::cpu, "its number");
    cpu.add("online", &CpuRunQueue::online, "it had tasks to run; false where it was taken down");
    cpu.add("runqueue", &CpuRunQueue::runqueue, "its rq").address().or_null();
    cpu.add("clock_ns", &CpuRunQueue::clock_ns, "the runqueue's clock, at most a tick before the crash");
    cpu.add("current_task", &CpuRunQueue::current_task, "the task_struct that ran").address().or_null();
    cpu.add("current", &CpuRunQueue::current, "the task that ran");
    cpu.add("running_ns", &CpuRunQueue::running_ns, "for how long it had been running");
    cpu.add("donor", &CpuRunQueue::donor, "on whose account it ran, where another's (proxy execution)")
        .or_left_out();
    cpu.add("stop", &CpuRunQueue::stop, "the stopper, where it waits").or_left_out();
    cpu.add("deadline", &CpuRunQueue::deadline, "tasks with deadlines; the earliest first").or_left_out();
    cpu.add("realtime", &CpuRunQueue::realtime, "FIFO and round-robin tasks");
    cpu.add("fair", &CpuRunQueue::fair, "ordinary tasks: CFS or EEVDF");
    cpu.add("extensible", &CpuRunQueue::extensible, "tasks of a BPF scheduler (sched_ext)").or_left_out();
    cpu.add("on_rq", &CpuRunQueue::on_rq,
            "every task that is on this runqueue by its own word (`on_rq`), the idle one first");
    cpu.add("on_rq_whole", &CpuRunQueue::on_rq_whole, "these are all");
}

void describe(Describer<RunQueues>& queues) {
    queues.is_document();
    queues.add("root_task_group", &RunQueues::root_task_group, "the task_group of all others")
        .address()
        .or_null();
    queues.add("groups_known", &RunQueues::groups_known, "whether there are such groups could be found out");
    queues.add("fair_groups", &RunQueues::fair_groups, "groups share CPUs (CONFIG_FAIR_GROUP_SCHED)");
    queues.add("realtime_groups", &RunQueues::realtime_groups,
               "groups share real-time budgets (CONFIG_RT_GROUP_SCHED)");
    queues.add("cpus", &RunQueues::cpus, "in the order of their numbers").answer();
    add_problems(queues);
}

std::string to_json(const RunQueues& queues) {
    return json_document(queues);
}

std::string to_ndjson(const RunQueues& queues) {
    return ndjson_lines(queues);
}

}  // namespace postmortem
