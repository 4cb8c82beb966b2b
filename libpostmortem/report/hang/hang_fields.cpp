#include <postmortem/hang.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<HangBlocker>& blocker) {
    blocker.is("hang blocker", "Who, or what, would have to act before a wait ends");
    blocker.add("task", &HangBlocker::task, "where it is a task").or_left_out();
    blocker.add("thing", &HangBlocker::thing, "where it is none: a file system, a disk, a server")
        .or_left_out();
    blocker.add("role", &HangBlocker::role, "what it has to do with the wait");
    blocker.add("certain", &HangBlocker::certain, "it is proven that the wait cannot end before it acts");
    blocker.add("proof", &HangBlocker::proof, "how that is known");
}

void describe(Describer<HangWait>& wait) {
    wait.is("hang wait", "What a task waits for");
    wait.add("kind", &HangWait::kind, "mutex, rw_semaphore, completion, work, page, …");
    wait.add("address", &HangWait::address, "of the object").address().or_null();
    wait.add("symbol", &HangWait::symbol, "where the object is a variable").or_null();
    wait.add("detail", &HangWait::detail, "what more is known of it").or_null();
    wait.add("proof", &HangWait::proof, "how it was found").or_null();
    wait.add("blockers", &HangWait::blockers, "who would have to act");
    wait.add("unknown", &HangWait::unknown, "why there are no blockers").or_left_out();
    wait.add("by_choice", &HangWait::by_choice, "as long as a program likes: vfork()").or_left_out();
}

void describe(Describer<HangTask>& task) {
    task.is("hanging task", "A task that sleeps uninterruptibly, or for which such a one waits");
    task.add("task", &HangTask::task, "which");
    task.add("state", &HangTask::state, "the kernel's own names of its state");
    task.add("uninterruptible", &HangTask::uninterruptible, "it sleeps, and signals do not wake it up");
    task.add("killable", &HangTask::killable, "a fatal signal does");
    task.add("timed", &HangTask::timed, "a timer will wake it up");
    task.add("running", &HangTask::running, "a CPU was running it");
    task.add("queued", &HangTask::queued, "it was ready to run, and waited for a CPU");
    task.add("in_io", &HangTask::in_io, "it counts as waiting for a disk (`in_iowait`)");
    task.add("seconds", &HangTask::seconds, "how long it has been so, at most");
    task.add("rests_on", &HangTask::rests_on, "what `seconds` was read from").or_null();
    task.add("functions", &HangTask::functions, "innermost first, without the scheduler's own");
    task.add("wait", &HangTask::wait, "what it waits for, as far as that is known");
}

void describe(Describer<HangGroup>& group) {
    group.is("hang group", "Tasks in uninterruptible sleep whose stacks are the same");
    group.add("functions", &HangGroup::functions, "of the stack, innermost first");
    group.add("pids", &HangGroup::pids, "the longest sleep first");
    group.add("seconds", &HangGroup::seconds, "of the first");
}

void describe(Describer<HangRow>& row) {
    row.is("hang row", "A line of a tree of waits");
    row.add("depth", &HangRow::depth, "what waits for a row follows it, one deeper");
    row.add("task", &HangRow::task, "who").or_left_out();
    row.add("thing", &HangRow::thing, "where it is no task").or_left_out();
    row.add("text", &HangRow::text, "what it does, or waits for");
    row.add("seconds", &HangRow::seconds, "for how long");
}

void describe(Describer<HangTree>& tree) {
    tree.is("hang tree", "Who waits for whom");
    tree.add("deadlock", &HangTree::deadlock, "the rows of depth 0 wait for each other in a ring");
    tree.add("waiting", &HangTree::waiting, "tasks that stand behind its root");
    tree.add("rows", &HangTree::rows, "the root first");
}

void describe(Describer<HangCpu>& cpu) {
    cpu.is("hung CPU", "A CPU that does not get on");
    cpu.add("cpu", &HangCpu::cpu, "its number");
    cpu.add("trouble", &HangCpu::trouble, "what of it")
        .one_of({"takes no interrupts", "does not schedule", "real-time task"});
    cpu.add("task", &HangCpu::task, "what it was running");
    cpu.add("functions", &HangCpu::functions, "and where, innermost first");
    cpu.add("seconds", &HangCpu::seconds, "for how long");
    cpu.add("because", &HangCpu::because, "what that rests on");
    cpu.add("waiting", &HangCpu::waiting, "who has been on its run queue for longest");
    cpu.add("waiting_seconds", &HangCpu::waiting_seconds, "for how long");
}

void describe(Describer<HangWorker>& worker) {
    worker.is("busy worker", "A worker of a pool, and what it runs");
    worker.add("task", &HangWorker::task, "which");
    worker.add("function", &HangWorker::function, "of the work that it runs");
    worker.add("workqueue", &HangWorker::workqueue, "that the work was queued on").or_null();
}

void describe(Describer<HangPool>& pool) {
    pool.is("stalled pool", "A pool of workers that has work and makes no progress");
    pool.add("pool", &HangPool::pool, "its number");
    pool.add("cpu", &HangPool::cpu, "that its workers are bound to");
    pool.add("pending", &HangPool::pending, "works in line");
    pool.add("seconds", &HangPool::seconds, "since one was begun with (`watchdog_ts`)");
    pool.add("next", &HangPool::next, "the function of the first in line").or_null();
    pool.add("busy", &HangPool::busy, "the workers that are at work");
}

void describe(Describer<HangDisk>& disk) {
    disk.is("hanging disk", "The requests that a disk has not finished");
    disk.add("disk", &HangDisk::disk, "its name");
    disk.add("requests", &HangDisk::requests, "how many");
    disk.add("oldest", &HangDisk::oldest, "age of the oldest, in seconds");
    disk.add("state", &HangDisk::state, "why it takes none").or_null();
}

void describe(Describer<HangGracePeriod>& period) {
    period.is("hanging grace period", "A grace period of RCU that has been going on for long");
    period.add("flavour", &HangGracePeriod::flavour, "its RCU");
    period.add("seconds", &HangGracePeriod::seconds, "for how long");
    period.add("cpus", &HangGracePeriod::cpus, "that it waits for (`qsmask`)");
    period.add("readers", &HangGracePeriod::readers, "that were preempted, and that it waits for");
}

void describe(Describer<HangVerdict>& verdict) {
    verdict.is("hang verdict", "What holds the machine up");
    verdict.add("kind", &HangVerdict::kind, "what it comes to")
        .one_of({"deadlock", "stuck CPU", "starvation", "stuck task", "stuck device", "silent server"});
    verdict.add("sentence", &HangVerdict::sentence, "in one sentence");
    verdict.add("because", &HangVerdict::because, "what that rests on");
}

void describe(Describer<HangReport>& report) {
    report.is_document();
    report.add("verdict", &HangReport::verdict, "null: nothing is known to stand still");
    report.add("unexplained", &HangReport::unexplained,
               "how many tasks have waited for ten seconds or more, and nobody can say whether that should "
               "have ended");
    report.add("trees", &HangReport::trees, "who waits for whom, the one with the most tasks first");
    report.add("cpus", &HangReport::cpus, "that do not get on");
    report
        .add("tasks", &HangReport::tasks,
             "in uninterruptible sleep, the longest first; behind them, whom they wait for")
        .answer();
    report.add("groups", &HangReport::groups, "the same by stack");
    report.add("pools", &HangReport::pools, "of workers that have work and make no progress");
    report.add("disks", &HangReport::disks, "whose requests are old, or that take none");
    report.add("grace_period", &HangReport::grace_period, "of RCU, where it has been going on for long");
    add_problems(report);
}

std::string to_json(const HangReport& report) {
    return json_document(report);
}

}  // namespace postmortem
