#include <postmortem/backtrace.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {
void describe(Describer<InlinedFunction>& inlined) {
    inlined.add("function", &InlinedFunction::function, "its name");
    inlined.add("file", &InlinedFunction::file, "where execution is inside it");
    inlined.add("line", &InlinedFunction::line, "the line there");
}

void describe(Describer<StackWord>& word) {
    word.is("stack word", "A word of a stack, and what it points to");
    word.add("address", &StackWord::address, "where it lies").address();
    word.add("value", &StackWord::value, "null where the dump lacks it").address();
    word.add("symbol", &StackWord::symbol, "that covers the value, and how far behind it starts")
        .or_left_out();
    word.add("cache", &StackWord::cache, "the slab cache that the value points into").or_left_out();
}

void describe(Describer<StackText>& text) {
    text.is("stack text", "A word of a stack that is an address in text");
    text.add("slot", &StackText::slot, "where it lies").address();
    text.add("ip", &StackText::ip, "the address").address();
    text.add("function", &StackText::function, "that it lies in").or_null();
    text.add("offset", &StackText::offset, "in the function: bytes");
    text.add("module", &StackText::module, "that it is in; null for the kernel itself").or_null();
    text.word("stack", &StackText::stack, StackKind::Entry, "which of the kernel's stacks");
    text.map("registers", &StackText::registers,
             "by their names, where the code that comes next was interrupted")
        .address()
        .or_left_out();
}

void describe(Describer<SavedFrame>& saved) {
    saved.is("saved registers", "What looks like registers that were saved on a stack");
    saved.add("address", &SavedFrame::address, "where they lie").address();
    saved.add("user", &SavedFrame::user, "they are those of a user's program");
    saved.add("function", &SavedFrame::function, "that was interrupted").or_null();
    saved.add("offset", &SavedFrame::offset, "in the function: bytes");
    saved.add("module", &SavedFrame::module, "that the code is of").or_null();
    saved.map("registers", &SavedFrame::registers, "by their names").address();
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
    frame.add("cause", &Frame::cause, "why they were saved, in words, where they tell").or_left_out();
    frame
        .add("data", &Frame::data,
             "where asked for: the stack from behind this return address to the next one, inclusive")
        .or_left_out();
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
    trace.add("text", &Backtrace::text, "where asked for: every address in text").or_left_out();
    trace.add("saved", &Backtrace::saved, "where asked for: what looks like saved registers").or_left_out();
    trace.add("raw", &Backtrace::raw, "where asked for: the whole stack").or_left_out();
}

void describe(Describer<BacktraceList>& list) {
    list.is_document();
    list.add("backtraces", &BacktraceList::backtraces, "the panic task's first, then by the order of tasks")
        .answer();
    add_problems(list);
}

}  // namespace postmortem
