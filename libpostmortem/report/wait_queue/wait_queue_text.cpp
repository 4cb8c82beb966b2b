// `waitq` as crash 9 prints it (kernel.c: dump_waitq()), but that crash stops at the first waiter that is no
// task.
#include <fmt/format.h>

#include <postmortem/wait_queue.h>

#include "base/text.h"
#include "report/tasks/task_header_text.h"

namespace postmortem {

std::string to_text(const WaitQueue& queue) {
    if (queue.waiters.empty())
        return queue.name.empty()
                   ? fmt::format("wait queue {:x} is empty\n", queue.queue)
                   : fmt::format("wait queue \"{}\" ({:x}) is empty\n", escaped(queue.name), queue.queue);
    std::string text;
    for (const QueueWaiter& waiter : queue.waiters)
        text += waiter.task ? task_header(*waiter.task)
                            : fmt::format("no task: wait_queue_entry {:x}  FUNCTION: {}\n", waiter.entry,
                                          waiter.function.empty() ? "-" : escaped(waiter.function));
    return text;
}

}  // namespace postmortem
