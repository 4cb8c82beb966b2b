#include <postmortem/backtrace.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
void describe(Describer<InlinedFunction>& inlined) {
    inlined.add("function", &InlinedFunction::function, "its name");
    inlined.add("file", &InlinedFunction::file, "where execution is inside it");
    inlined.add("line", &InlinedFunction::line, "the line there");
}

void describe(Describer<Frame>& frame) {
    frame.is("frame", "A function that was being executed");
    frame.add("ip", &Frame::ip, "a return address, or (`interrupted`) the instruction itself").address();
    frame
        .add("slot", &Frame::slot,
             "where on the stack the return address lies; the interrupted stack pointer")
        .address();
    frame.add("function", &Frame::function, "as kallsyms names it").or_null();
    frame.add("offset", &Frame::offset, "of `ip` in the function: bytes").only_if([](const Frame& f) {
        return !f.function.empty();
    });
    frame.add("size", &Frame::size, "of the function: bytes").or_null();
    frame.add("module", &Frame::module, "that it is in; null for the kernel itself").or_null();
    frame.word("trust", &Frame::trust, FrameTrust::Scan,
               "how it was found, from the surest to the least sure");
    frame.word("stack", &Frame::stack, StackKind::Entry, "which of the kernel's stacks");
    frame.add("interrupted", &Frame::interrupted, "it did not call the frame before: it was interrupted");
    frame.add("file", &Frame::file, "source file, with a vmlinux and where asked for");
    frame.add("line", &Frame::line, "the line there");
    frame.add("caller_file", &Frame::caller_file,
              "where functions were inlined: the place in `function` itself that they were inlined into");
    frame.add("caller_line", &Frame::caller_line, "the line there");
    frame.add("inlined", &Frame::inlined, "functions that were merged into this one, innermost first");
    frame.map("registers", &Frame::registers, "by their names, where this frame saved them")
        .address()
        .or_null();
    frame.add("registers_of_user", &Frame::registers_of_user, "they are those of a user's program");
}

void describe(Describer<Backtrace>& trace) {
    trace.is("backtrace", "What a task was executing");
    trace.add("pid", &Backtrace::pid, "of the task");
    trace.add("task", &Backtrace::task, "its task_struct").address();
    trace.add("cpu", &Backtrace::cpu, "where it runs or last ran");
    trace.add("comm", &Backtrace::comm, "its name");
    trace.add("active", &Backtrace::active, "a CPU was running it");
    trace.map("registers", &Backtrace::registers, "of the CPU, by their names, where it starts from them")
        .address()
        .or_null();
    trace.add("registers_of_user", &Backtrace::registers_of_user,
              "the CPU was running the user's program: there are no frames");
    trace.add("frames", &Backtrace::frames, "innermost first");
    trace.word(
        "end", &Backtrace::end, BacktraceEnd::None,
        "where it ends: at the user's registers, at a kernel thread's first function, too early, or there is "
        "no stack any more");
}

void describe(Describer<BacktraceList>& list) {
    list.is_document();
    list.add("backtraces", &BacktraceList::backtraces, "the panic task's first, then by the order of tasks")
        .answer();
    add_problems(list);
}

}  // namespace postmortem
