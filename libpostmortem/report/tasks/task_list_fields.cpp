#include <postmortem/render.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<TaskInfo>& task) {
    task.is("task", "A thread of a process, or of the kernel");
    task.add("pid", &TaskInfo::pid, "its own number, as `ps -L` shows it under LWP");
    task.add("tgid", &TaskInfo::tgid, "that of its process: the pid of the first thread");
    task.add("ppid", &TaskInfo::ppid, "pid of its parent");
    task.add("cpu", &TaskInfo::cpu, "where it runs or last ran");
    task.add("task", &TaskInfo::task, "its task_struct").address();
    task.add("state", &TaskInfo::state, "crash's letters: RU, IN, UN, ID, ZO, …");
    task.add("state_bits", &TaskInfo::state_bits,
             "the kernel's number for it: `__state` or'ed with `exit_state`");
    task.add("mem_percent", &TaskInfo::mem_percent, "resident share of the machine's memory");
    task.add("vsz_kib", &TaskInfo::vsz_kib, "size of the address space");
    task.add("rss_kib", &TaskInfo::rss_kib, "resident memory: file, anonymous and shared pages");
    task.add("comm", &TaskInfo::comm, "its name");
    task.add("kernel_thread", &TaskInfo::kernel_thread, "it has no address space of its own");
    task.add("active", &TaskInfo::active, "a CPU was running it; absent where that CPU's run queue cannot be read");
}

void describe(Describer<TaskList>& list) {
    list.is_document();
    list.add("tasks", &TaskList::tasks, "in crash's order").answer();
    add_problems(list);
}

std::string to_json(const TaskList& list) {
    return json_document(list);
}

std::string to_ndjson(const TaskList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
