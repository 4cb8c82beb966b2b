#include <postmortem/stack_checks.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<SavedFrame>& saved);

void describe(Describer<ScannedStack>& stack) {
    stack.add("cpu", &ScannedStack::cpu, "whose it is");
    stack.word("kind", &ScannedStack::kind, StackKind::Entry, "what it is for");
    stack.add("low", &ScannedStack::low, "its lowest address").address();
    stack.add("bytes", &ScannedStack::bytes, "its size");
    stack.add("saved", &ScannedStack::saved, "what looks like saved registers; they may overlap");
}

void describe(Describer<StackScan>& scan) {
    scan.is_document();
    scan.add("stacks", &StackScan::stacks, "the interrupt stacks, then each CPU's exception stacks").answer();
    add_problems(scan);
}

void describe(Describer<OverflownStack>& stack) {
    stack.add("pid", &OverflownStack::pid, "of the task");
    stack.add("task", &OverflownStack::task, "its task_struct").address();
    stack.add("cpu", &OverflownStack::cpu, "where it runs or last ran");
    stack.add("comm", &OverflownStack::comm, "its name");
    stack.add("end_word", &OverflownStack::end_word, "what stands in place of STACK_END_MAGIC").address();
    stack.add("named_task", &OverflownStack::named_task, "whose the thread_info on the stack says it is")
        .address();
    stack.add("named_cpu", &OverflownStack::named_cpu, "a CPU that there cannot be");
}

void describe(Describer<StackCheck>& check) {
    check.is_document();
    check.add("checked", &StackCheck::checked, "tasks that have a stack");
    check.add("overflown", &StackCheck::found, "those whose stack shows signs of an overflow").answer();
    add_problems(check);
}

std::string to_json(const StackScan& scan) {
    return json_document(scan);
}

std::string to_json(const StackCheck& check) {
    return json_document(check);
}

}  // namespace postmortem
