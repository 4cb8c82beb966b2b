#include <postmortem/timers.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<PendingTimer>& timer) {
    timer.add("address", &PendingTimer::address, "its timer_list or hrtimer").address();
    timer.add("expires", &PendingTimer::expires, "jiffies; of an hrtimer ns of its clock");
    timer.add("soft_expires", &PendingTimer::soft_expires, "of an hrtimer: from then on it may")
        .or_left_out();
    timer.add("in", &PendingTimer::in, "the same from now on");
    timer.add("function", &PendingTimer::function, "that is called").address();
    timer.add("function_name", &PendingTimer::function_name, "its name").or_null();
}

void describe(Describer<TimerQueue>& queue) {
    queue.add("name", &TimerQueue::name,
              "`BASE_STD`, …; of hrtimers the function that tells the clock's time");
    queue.add("address", &TimerQueue::address, "its timer_base or hrtimer_clock_base").address();
    queue.add("now", &TimerQueue::now, "what the clock of hrtimers says, ns").or_left_out();
    queue.add("timers", &TimerQueue::timers, "by expiry");
}

void describe(Describer<CpuTimers>& cpu) {
    cpu.add("cpu", &CpuTimers::cpu, "its number");
    cpu.add("address", &CpuTimers::address, "its hrtimer_cpu_base").address().or_left_out();
    cpu.add("queues", &CpuTimers::queues, "wheels, or clocks");
}

void describe(Describer<PendingTimers>& timers) {
    timers.is_document();
    timers.add("cpus", &PendingTimers::cpus, "by number").answer();
    timers.add("precise", &PendingTimers::precise, "hrtimers, not the wheels");
    timers.add("jiffies", &PendingTimers::jiffies, "the time of the wheels");
    add_problems(timers);
}

std::string to_json(const PendingTimers& timers) {
    return json_document(timers);
}

std::string to_ndjson(const PendingTimers& timers) {
    return ndjson_lines(timers);
}

}  // namespace postmortem
