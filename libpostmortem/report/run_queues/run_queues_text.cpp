// `runq` as crash 9 prints it, with its options -t, -T, -m, -g and -d (task.c: dump_CFS_runqueues() and its
// neighbours). What crash does not know of (deadline tasks, the stopper, BPF schedulers, donors) stands where
// it can be told apart, and only where there is something to tell.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"
#include "report/tasks/duration_text.h"

namespace postmortem {
namespace {

using Appender = fmt::appender;

std::string identity(const RunnableTask& task) {
    return fmt::format("PID: {:<5}  TASK: {:x}  COMMAND: \"{}\"", task.pid, task.task, escaped(task.comm));
}

std::string priority_of(const RunnableTask& task) {
    return task.priority ? fmt::format("[{:>3}]", *task.priority) : "[  -]";
}

std::size_t digits(std::size_t number) {
    return fmt::formatted_size("{}", number);
}

// crash sets the numbers of CPUs right-aligned, by hand.
std::string cpu_column(std::uint32_t cpu, std::size_t width) {
    return fmt::format("{:>{}}CPU {}: ", "", width > digits(cpu) ? width - digits(cpu) : 0, cpu);
}

void print_current(Appender out, const CpuRunQueue& cpu) {
    if (cpu.current)
        fmt::format_to(out, "  CURRENT: {}\n", identity(*cpu.current));
    else if (cpu.runqueue != 0)
        fmt::format_to(out, "  CURRENT: {:x}\n", cpu.current_task);
    else
        fmt::format_to(out, "  CURRENT: [could not be read]\n");
    if (cpu.donor) fmt::format_to(out, "  DONOR: {}\n", identity(*cpu.donor));
}

// What follows the rows of a queue.
void print_end(Appender out, std::size_t indent, bool any, bool whole) {
    if (!whole)
        fmt::format_to(out, "{:{}}[{}]\n", "", indent,
                       any ? "the rest could not be read" : "could not be read");
    else if (!any)
        fmt::format_to(out, "{:{}}[no tasks queued]\n", "", indent);
}

// ---- without options ----

void print_plain_row(Appender out, const RunQueueRow& row, bool waiting) {
    const RunnableTask& task = *row.task;
    // Of a real-time task crash shows its list.
    fmt::format_to(out, "     {} ", row.list ? fmt::format("[{:>3}]", *row.list) : priority_of(task));
    if (waiting && !task.current)
        fmt::format_to(out, "[{}] ", task.waiting_ns ? days_and_time(*task.waiting_ns) : "-");
    fmt::format_to(out, "{}{}\n", identity(task), task.dequeue_delayed ? " [DEQUEUE DELAYED]" : "");
}

// crash lists neither who runs in the fair class nor who is throttled.
bool is_plain_row(const RunQueueRow& row, bool shows_current) {
    return row.task && !row.dequeued && (shows_current || !row.task->current);
}

void print_queue(Appender out, std::string_view title, const SchedulingQueue& queue, bool shows_current,
                 bool waiting) {
    fmt::format_to(out, "  {}: {}\n", title, queue.address ? fmt::format("{:x}", queue.address) : "-");
    bool any = false;
    for (const RunQueueRow& row : queue.rows) {
        if (!is_plain_row(row, shows_current)) continue;
        any = true;
        print_plain_row(out, row, waiting);
    }
    print_end(out, 5, any, queue.whole);
}

bool has_something(const std::optional<SchedulingQueue>& queue) {
    return queue && (!queue->rows.empty() || !queue->whole);
}

void print_queues(Appender out, const RunQueues& queues, bool waiting) {
    bool first = true;
    for (const CpuRunQueue& cpu : queues.cpus) {
        fmt::format_to(out, "{}CPU {} ", first ? "" : "\n", cpu.cpu);
        first = false;
        if (cpu.runqueue == 0) {
            fmt::format_to(out, "RUNQUEUE: [could not be read]\n");
            continue;
        }
        fmt::format_to(out, "RUNQUEUE: {:x}\n", cpu.runqueue);
        print_current(out, cpu);
        if (has_something(cpu.stop)) print_queue(out, "STOP TASK", *cpu.stop, true, waiting);
        if (has_something(cpu.deadline)) print_queue(out, "DL RB_ROOT", *cpu.deadline, true, waiting);
        if (cpu.realtime) print_queue(out, "RT PRIO_ARRAY", *cpu.realtime, true, waiting);
        if (cpu.fair) print_queue(out, "CFS RB_ROOT", *cpu.fair, false, waiting);
        if (has_something(cpu.extensible))
            print_queue(out, "SCX RUNNABLE_LIST", *cpu.extensible, true, waiting);
    }
}

// ---- -t, -T, -m ----

void print_timestamps(Appender out, const RunQueues& queues) {
    for (const CpuRunQueue& cpu : queues.cpus) {
        const std::string clock = cpu.clock_ns ? fmt::format("{}", *cpu.clock_ns) : "-";
        fmt::format_to(out, "{}{}\n", cpu_column(cpu.cpu, 2), clock);
        if (!cpu.current) {
            fmt::format_to(out, "\n");
            continue;
        }
        const std::string run =
            cpu.current->last_run_ns ? fmt::format("{:0{}}", *cpu.current->last_run_ns, clock.size()) : "-";
        fmt::format_to(out, "{:{}}{}  {}\n", "", 6 + std::max<std::size_t>(digits(cpu.cpu), 2), run,
                       identity(*cpu.current));
    }
}

void print_lag(Appender out, const RunQueues& queues) {
    std::vector<const CpuRunQueue*> latest_first;
    for (const CpuRunQueue& cpu : queues.cpus) latest_first.push_back(&cpu);
    std::stable_sort(latest_first.begin(), latest_first.end(),
                     [](const auto* a, const auto* b) { return a->clock_ns > b->clock_ns; });
    const std::size_t width = 2 + digits(queues.cpus.size());
    for (const CpuRunQueue* cpu : latest_first) {
        fmt::format_to(out, "{}", cpu_column(cpu->cpu, width));
        if (cpu->clock_ns)
            fmt::format_to(out, "{:.2f} secs\n",
                           static_cast<double>(*latest_first.front()->clock_ns - *cpu->clock_ns) / 1e9);
        else
            fmt::format_to(out, "[unknown]\n");
    }
}

void print_milliseconds(Appender out, const RunQueues& queues) {
    const std::uint32_t last = queues.cpus.empty() ? 0 : queues.cpus.back().cpu;
    std::size_t days = 0;
    for (const CpuRunQueue& cpu : queues.cpus) {
        if (days == 0 && cpu.clock_ns) days = days_and_time(*cpu.clock_ns).find(' ');
        fmt::format_to(out, "{}", cpu_column(cpu.cpu, 1 + digits(last)));
        if (!cpu.current || !cpu.running_ns) {
            fmt::format_to(out, "[unknown]\n");
            continue;
        }
        const std::string time = days_and_time(*cpu.running_ns);
        const std::size_t own = time.find(' ');
        fmt::format_to(out, "[{:{}}{}]  {}\n", "", days > own ? days - own : 0, time, identity(*cpu.current));
    }
}

// ---- -g ----

std::string last_name(const std::string& path) {
    return path.size() > 1 ? path.substr(path.rfind('/') + 1) : path;
}

void print_group(Appender out, const RunQueueRow& row) {
    const QueuedTaskGroup& group = *row.group;
    if (row.list)
        fmt::format_to(out, "{:{}}[{:>3}] TASK_GROUP: {:x}  RT_RQ: {:x}", "", 6 * row.depth - 1, *row.list,
                       group.group, group.queue);
    else
        fmt::format_to(out, "{:{}}TASK_GROUP: {:x}  CFS_RQ: {:x} ", "", 2 + 3 * row.depth, group.group,
                       group.queue);
    if (!group.cgroup.empty()) fmt::format_to(out, " <{}>", escaped(last_name(group.cgroup)));
    fmt::format_to(out, "{}\n", group.throttled.value_or(false) ? " (THROTTLED)" : "");
}

// Whether `next` lies in the group of `row`.
bool is_inside(const RunQueueRow& next, const RunQueueRow& row) {
    return next.depth == row.depth + (next.group ? 1u : 0u);
}

void print_group_queue(Appender out, const RunQueues& queues, const SchedulingQueue& queue, bool realtime) {
    fmt::format_to(out, "  {}_TASK_GROUP: {:x}  {}: {:x}\n", queues.root_task_group_name,
                   queues.root_task_group, realtime ? "RT_RQ" : "CFS_RQ", queue.queue);
    const unsigned step = realtime ? 6 : 3;
    for (std::size_t i = 0; i < queue.rows.size(); ++i) {
        const RunQueueRow& row = queue.rows[i];
        if (row.group) {
            print_group(out, row);
            const bool has_rows = i + 1 < queue.rows.size() && is_inside(queue.rows[i + 1], row);
            // Where something is missing, nobody knows where.
            if (!has_rows && queue.whole) print_end(out, 5 + step * row.depth, false, true);
            continue;
        }
        const RunnableTask& task = *row.task;
        fmt::format_to(out, "{:{}}{} {}{}{}\n", "", 5 + step * row.depth,
                       row.list ? fmt::format("[{:>3}]", *row.list) : priority_of(task), identity(task),
                       task.current && !realtime ? " [CURRENT]" : "",
                       task.dequeue_delayed ? " [DEQUEUE DELAYED]" : "");
    }
    print_end(out, 5, !queue.rows.empty(), queue.whole);
}

void print_groups(Appender out, const RunQueues& queues) {
    bool first = true;
    for (const CpuRunQueue& cpu : queues.cpus) {
        fmt::format_to(out, "{}CPU {}\n", first ? "" : "\n", cpu.cpu);
        first = false;
        print_current(out, cpu);
        if (queues.realtime_groups && cpu.realtime) print_group_queue(out, queues, *cpu.realtime, true);
        if (queues.fair_groups && cpu.fair) print_group_queue(out, queues, *cpu.fair, false);
    }
    if (!queues.groups_known)
        fmt::format_to(out, "\nWhether this kernel has task groups is not known.\n");
    else if (!queues.fair_groups && !queues.realtime_groups)
        fmt::format_to(out, "\nThis kernel has no task groups.\n");
}

// ---- -d ----

void print_on_rq(Appender out, const RunQueues& queues) {
    for (const CpuRunQueue& cpu : queues.cpus) {
        // As crash does, also where it is the first that is shown
        fmt::format_to(out, "{}CPU {}\n", cpu.cpu == 0 ? "" : "\n", cpu.cpu);
        for (const RunnableTask& task : cpu.on_rq)
            fmt::format_to(out, "     {} {}\n", priority_of(task), identity(task));
        print_end(out, 5, !cpu.on_rq.empty(), cpu.on_rq_whole);
    }
}

}  // namespace

std::string to_text(const RunQueues& queues, RunQueueStyle style) {
    fmt::memory_buffer text;
    const Appender out(text);
    switch (style) {
        case RunQueueStyle::Queues: print_queues(out, queues, false); break;
        case RunQueueStyle::Waiting: print_queues(out, queues, true); break;
        case RunQueueStyle::Timestamps: print_timestamps(out, queues); break;
        case RunQueueStyle::Lag: print_lag(out, queues); break;
        case RunQueueStyle::Milliseconds: print_milliseconds(out, queues); break;
        case RunQueueStyle::Groups: print_groups(out, queues); break;
        case RunQueueStyle::OnRunqueue: print_on_rq(out, queues); break;
    }
    return fmt::to_string(text);
}

}  // namespace postmortem
