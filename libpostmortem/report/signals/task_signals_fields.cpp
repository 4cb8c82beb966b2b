#include <postmortem/task_signals.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SignalAction>& action) {
    action.is("signal action", "What a process does with a signal");
    action.add("number", &SignalAction::number, "of the signal");
    action.add("action", &SignalAction::action, "its k_sigaction").address();
    action.add("handler", &SignalAction::handler, "a function of the program; 0x0 the default, 0x1 ignored")
        .address();
    action.add("mask", &SignalAction::mask, "what is blocked meanwhile; bit 0 is signal 1").address();
    action.add("flags", &SignalAction::flags, "SA_* bits").address();
}

void describe(Describer<WaitingSignal>& signal) {
    signal.is("waiting signal", "A signal in a queue");
    signal.add("number", &WaitingSignal::number, "of the signal");
    signal.add("info", &WaitingSignal::info, "its siginfo").address();
}

void describe(Describer<WaitingSignals>& signals) {
    signals.is("waiting signals", "Signals that are pending");
    signals.add("set", &WaitingSignals::set, "bit 0 is signal 1").address();
    signals.add("queue", &WaitingSignals::queue, "in the order in which they came");
}

void describe(Describer<TaskSignals>& signals) {
    signals.is("task signals", "The signals of a task");
    signals.add("task", &TaskSignals::task, "whose");
    signals.add("signal_struct", &TaskSignals::signal_struct, "its process's signal_struct")
        .address()
        .or_null();
    signals.add("threads", &TaskSignals::threads, "how many share it");
    signals.add("actions", &TaskSignals::actions, "by number");
    signals.add("has_pending", &TaskSignals::has_pending, "a signal waits that is not blocked");
    signals.add("blocked", &TaskSignals::blocked, "the task's mask; bit 0 is signal 1").address();
    signals.add("own", &TaskSignals::own, "sent to this thread");
    signals.add("shared", &TaskSignals::shared, "sent to the process");
}

void describe(Describer<SignalList>& list) {
    list.is_document();
    list.add("tasks", &SignalList::tasks, "in the order in which crash prints them").answer();
    add_problems(list);
}

std::string to_json(const SignalList& list) {
    return json_document(list);
}

std::string to_ndjson(const SignalList& list) {
    return ndjson_lines(list);
}

}  // namespace postmortem
