#include <postmortem/wait_queue.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<QueueWaiter>& waiter) {
    waiter.is("queue waiter", "An entry of a wait queue");
    waiter.add("entry", &QueueWaiter::entry, "its wait_queue_entry").address();
    waiter.add("task", &QueueWaiter::task, "who waits; null for what is no task, as an epoll");
    waiter.add("function", &QueueWaiter::function, "what wakes it up").or_null();
}

void describe(Describer<WaitQueue>& queue) {
    queue.is_document();
    queue.add("queue", &WaitQueue::queue, "its wait_queue_head").address();
    queue.add("name", &WaitQueue::name, "the variable, if it was asked for by one").or_null();
    queue.add("waiters", &WaitQueue::waiters, "in the queue's order").answer();
    add_problems(queue);
}

std::string to_json(const WaitQueue& queue) {
    return json_document(queue);
}

}  // namespace postmortem
