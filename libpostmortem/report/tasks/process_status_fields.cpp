#include <postmortem/process_status.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<TaskMention>& task) {
    task.is("task reference", "A task that another one, or an answer, refers to");
    task.add("pid", &TaskMention::pid, "its pid");
    task.add("task", &TaskMention::task, "its task_struct").address();
    task.add("cpu", &TaskMention::cpu, "where it runs or last ran");
    task.add("comm", &TaskMention::comm, "its name");
}

void describe(Describer<ProcessLimit>& limit) {
    limit.is("resource limit", "A limit as setrlimit(2) sets it, in its own units");
    limit.add("name", &ProcessLimit::name, "CPU, FSIZE, NOFILE, …");
    limit.add("current", &ProcessLimit::current, "the soft limit; null: unlimited");
    limit.add("maximum", &ProcessLimit::maximum, "the hard limit; null: unlimited");
}

void describe(Describer<ProcessDetails>& task) {
    task.is("process details", "A task, and what was asked of it");
    task.splice([](const ProcessDetails& details) -> const TaskInfo& { return details.task; });
    task.add("stack_pointer", &ProcessDetails::stack_pointer,
             "of its kernel stack, while it does not run (-s)")
        .address()
        .or_left_out();
    task.add("policy", &ProcessDetails::policy, "its scheduling policy (-Y)").or_left_out();
    task.add("priority", &ProcessDetails::priority, "task->prio (-Y)").or_left_out();
    task.add("ancestors", &ProcessDetails::ancestors, "its parents, the eldest first (-p)").or_left_out();
    task.add("children", &ProcessDetails::children, "the tasks whose parent it is (-c)").or_left_out();
    task.add("group", &ProcessDetails::group, "the other threads of its process (-g)").or_left_out();
    task.add("run_seconds", &ProcessDetails::run_seconds, "since it was started (-t)").or_left_out();
    task.add("start_time", &ProcessDetails::start_time, "ns since boot, from Linux 3.17 on (-t)")
        .or_left_out();
    task.add("user_time", &ProcessDetails::user_time, "ns, from Linux 4.11 on (-t)").or_left_out();
    task.add("system_time", &ProcessDetails::system_time, "ns, from Linux 4.11 on (-t)").or_left_out();
    task.add("last_run_ns", &ProcessDetails::last_run_ns,
             "when it last came to a CPU, by that CPU's runqueue clock (-l, -m)")
        .or_left_out();
    task.add("runqueue_clock_ns", &ProcessDetails::runqueue_clock_ns, "what that clock says (-l, -m)")
        .or_left_out();
    task.add(
            "arguments",
            [](const ProcessDetails& details) {
                return details.arguments ? std::optional(details.arguments->strings) : std::nullopt;
            },
            "its command line (-a)")
        .or_left_out();
    task.add(
            "environment",
            [](const ProcessDetails& details) {
                return details.environment ? std::optional(details.environment->strings) : std::nullopt;
            },
            "its environment (-a)")
        .or_left_out();
    task.add("limits", &ProcessDetails::limits, "its resource limits (-r)").or_left_out();
}

void describe(Describer<ProcessStatus>& status) {
    status.is_document();
    status.add("tasks", &ProcessStatus::tasks, "in the order in which crash prints them").answer();
    add_problems(status);
}

std::string to_json(const ProcessStatus& status) {
    return json_document(status);
}

std::string to_ndjson(const ProcessStatus& status) {
    return ndjson_lines(status);
}

}  // namespace postmortem
