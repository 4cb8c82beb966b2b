// `bt -E` and `bt -v` as crash prints them.
#include <fmt/format.h>

#include <postmortem/stack_checks.h>

#include "report/backtrace/backtrace_text.h"

namespace postmortem {
namespace {

std::string heading(const ScannedStack& stack) {
    if (stack.kind == StackKind::Irq) return fmt::format("CPU {} IRQ STACK:\n", stack.cpu);
    const char* name = exception_stack_name(stack.kind);
    return fmt::format("CPU {} {} EXCEPTION STACK:\n", stack.cpu, name ? name : "ENTRY");
}

}  // namespace

std::string to_text(const StackScan& scan) {
    std::string out;
    for (const ScannedStack& stack : scan.stacks) {
        out += heading(stack);
        if (stack.saved.empty()) out += "(none found)\n";
        append_saved_frames(out, stack.saved, scan.style);
        out += '\n';
    }
    return out;
}

std::string to_text(const StackCheck& check) {
    std::string out;
    for (const OverflownStack& stack : check.found) {
        append_header(out, stack.pid, stack.task, stack.cpu, stack.comm, check.address_digits);
        if (stack.named_task)
            out += fmt::format("  possible stack overflow: thread_info.task: {:x} != {:x}\n",
                               *stack.named_task, stack.task);
        if (stack.named_cpu)
            out += fmt::format("  possible stack overflow: thread_info.cpu: {} >= {}\n", *stack.named_cpu,
                               check.cpus);
        if (stack.end_word)
            out += fmt::format("  possible stack overflow: {:x} != STACK_END_MAGIC\n", *stack.end_word);
        out += '\n';
    }
    if (check.found.empty() && check.problems.empty()) out += "No stack overflows detected\n";
    return out;
}

}  // namespace postmortem
