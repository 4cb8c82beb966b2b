#include <postmortem/task_context.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<TaskContext>& context) {
    context.is_document();
    context.add("pid", &TaskContext::pid, "its own number");
    context.add("comm", &TaskContext::comm, "its name");
    context.add("task", &TaskContext::task, "its task_struct").address();
    context.add("thread_info", &TaskContext::thread_info, "in it, or at the end of its stack").address();
    context.add("cpu", &TaskContext::cpu, "where it runs or last ran");
    context.add("same_pid", &TaskContext::same_pid, "tasks of this pid: there is an idle one for each CPU");
    context.add("state", &TaskContext::state, "the kernel's names of its state's bits");
    context.add("active", &TaskContext::active, "a CPU was running it");
    context.add("panic", &TaskContext::panic, "it was running on the CPU that brought the kernel down");
    add_problems(context);
}

std::string to_json(const TaskContext& context) {
    return json_document(context);
}

}  // namespace postmortem
