// How a walk goes on where the unwind tables fail: FrameWalker::guess().
#include <algorithm>

#include "base/checked.h"
#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

const StackRange* stack_of(StackSet stacks, std::uint64_t address) {
    for (const StackRange& stack : stacks)
        if (stack.holds(address, 1)) return &stack;
    return nullptr;
}

}  // namespace

FrameWalker::Step FrameWalker::moved_to(std::uint64_t ip, std::uint64_t slot, FrameTrust trust) const {
    Step step;
    step.outcome = Step::Outcome::Moved;
    step.next.ip = ip;
    step.next.slot = slot;
    step.next.sp = slot + word_;
    step.next.trust = trust;
    return step;
}

// The kernel leaves a few functions out of its tables, __crash_kexec() among them (STACK_FRAME_NON_STANDARD).
FrameWalker::Step FrameWalker::by_call_site(const UnwindPosition& at, StackSet stacks) {
    const std::uint64_t function = code_.at(at.interrupted ? at.ip : at.ip - 1).start;
    const StackRange* stack = stack_of(stacks, at.sp);
    if (function == 0 || !stack) return {};
    const FramePointers& shape = arch_.code.frame_pointers;
    for (std::uint64_t slot = align_up(at.sp, word_); stack->holds(slot, word_); slot += word_) {
        const auto word = read(slot);
        if (!word) return {};
        const std::uint64_t ip = true_return_address(*word, slot);
        const auto target = code_.map().call_target(ip);
        if (target != function && target != function + arch_.code.calls.local_entry) continue;
        Step step = moved_to(ip, slot, FrameTrust::CallSite);
        // Either the function keeps its caller's frame pointer on the stack, beside, or it does not use it.
        step.next.fp = at.fp;
        // Without tables every function has a frame, and the one that is left here tells the caller's.
        if (!at.fp && !code_.map().has_tables()) step.next.fp = frame_beside(slot, stacks);
        if (at.fp && shape.return_address_at(*at.fp) == slot)
            step.next.fp = read(shape.caller_at(*at.fp))
                               .map([](std::uint64_t fp) { return std::optional(fp); })
                               .value_or(std::nullopt);
        else if (at.fp && code_.map().has_tables() && stack->holds(*at.fp, 1) && *at.fp < slot)
            step.next.fp = saved_beside(slot, *stack, stacks);
        return step;
    }
    return {};
}

// A register that points into the function's own frame, and not at its end, was used for something else there
// (__crash_kexec() of 5.4): the caller's value is what was pushed first, if that is a frame pointer.
std::optional<std::uint64_t> FrameWalker::saved_beside(std::uint64_t slot, const StackRange& stack,
                                                       StackSet stacks) {
    const auto fp = frame_beside(slot, stacks);
    return fp && stack.holds(*fp, 1) && *fp > slot ? fp : std::nullopt;
}

std::optional<std::uint64_t> FrameWalker::frame_beside(std::uint64_t slot, StackSet stacks) {
    const FramePointers& shape = arch_.code.frame_pointers;
    const auto fp = read_on(stacks, slot - static_cast<std::uint64_t>(shape.return_address - shape.caller));
    return fp ? std::optional(*fp) : std::nullopt;
}

// A frame pointer points at the saved frame pointer of the caller, which lies beside the return address, or
// is marked and points at the registers of an exception.
FrameWalker::Step FrameWalker::by_frame_pointer(const UnwindPosition& at, StackSet stacks) {
    if (!at.fp) return {};
    const FramePointers& shape = arch_.code.frame_pointers;
    const bool marked = shape.marks_registers(*at.fp);
    const std::uint64_t frame = marked ? shape.registers_at(*at.fp) : *at.fp;
    const StackRange* stack = stack_of(stacks, marked ? frame : shape.caller_at(frame));
    if (frame % word_ != 0 || !stack || (stack->holds(at.sp, 1) && frame < at.sp)) return {};
    if (marked) return by_marked_registers(frame, *stack, stacks);
    const std::uint64_t slot = shape.return_address_at(frame);
    const auto word = read_on(stacks, slot), fp = read_on(stacks, shape.caller_at(frame));
    if (!word || !fp) return {};
    const std::uint64_t ip = true_return_address(*word, slot);
    // The code that starts a CPU pushes its own address and jumps to the first function (start_cpu in
    // arch/x86/kernel/head_64.S, 4.11).
    const bool started = *fp == 0 && !user_task_ && !code_.map().has_tables() && code_.at(ip - 1).is_text;
    if (!is_return_address(ip) && !started) return {};
    Step step = moved_to(ip, slot, FrameTrust::FramePointer);
    step.next.fp = *fp;
    return step;
}

// What a task's stack starts with are the registers of its program; a kernel thread has none.
FrameWalker::Step FrameWalker::by_marked_registers(std::uint64_t place, const StackRange& stack,
                                                   StackSet stacks) {
    Step step;
    step.saved = linked_registers_on(stacks, place);
    if (step.saved) {
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(step.saved);
    } else if (starts_stack(place, stack)) {
        step.outcome = Step::Outcome::EndOfStack;
    }
    return step;
}

bool FrameWalker::starts_stack(std::uint64_t registers, const StackRange& stack) const {
    return stack.kind == StackKind::Task && stack.holds(registers, arch_.frames.size) &&
           stack.high - registers - arch_.frames.size <= most_padding;
}

SavedRegisters FrameWalker::program_registers(std::uint64_t place, StackSet stacks) {
    const StackRange* stack = stack_of(stacks, place);
    if (!stack || !starts_stack(place, *stack)) return nullptr;
    SavedRegisters saved = registers_on(stacks, place);
    return saved && saved->user_mode() ? saved : nullptr;
}

// The entry from user space is the one function whose frame no frame pointer leads to: what its caller left
// are the program's registers. What it calls may have no frame, either: stub_vfork until 4.2.
FrameWalker::Step FrameWalker::by_entry(const UnwindPosition& at, StackSet stacks) {
    Step step;
    step.saved = program_registers(at.sp, stacks);
    if (!step.saved) {
        const auto ip = code_.map().has_tables() ? fail(ErrorCode::NotFound, "") : read_on(stacks, at.sp);
        if (!ip || !is_return_address(*ip) || !program_registers(at.sp + word_, stacks)) return {};
        step = moved_to(*ip, at.sp, FrameTrust::CallSite);
        step.next.fp = at.fp;
        return step;
    }
    step.outcome = Step::Outcome::Moved;
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

// There are kernels whose tables leave out the entries themselves (objtool gave up on entry_64.S of
// some 5.4). What an entry calls returns to it with the saved registers at the stack pointer, or, on the
// stack of interrupts, with the pointer to them that comes first there (ENTER_IRQ_STACK of
// arch/x86/entry/entry_64.S).
FrameWalker::Step FrameWalker::by_bare_entry(const UnwindPosition& at, StackSet stacks) {
    const StackRange* stack = stack_of(stacks, at.sp);
    if (at.interrupted || !code_.map().has_tables() || !stack) return {};
    std::uint64_t place = at.sp;
    if (stack->kind == StackKind::Irq && stack->high - at.sp <= 2 * word_) {
        place = read_on(stacks, at.sp).value_or(0);
        stack = stack_of(stacks, place);
    }
    Step step;
    step.saved = stack ? linked_registers_on(stacks, place) : nullptr;
    if (!step.saved || is_own_snapshot(*step.saved, at) || !where_pushed(*step.saved, place, *stack))
        return {};
    step.outcome = Step::Outcome::Moved;
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

// A program's registers are the first on its task's stack, those of an exception that has a stack of its own
// the first on that; others the processor pushes right below where the stack pointer was.
bool FrameWalker::where_pushed(const Registers& registers, std::uint64_t place,
                               const StackRange& stack) const {
    constexpr std::uint64_t alignment = 16;  // of the stack pointer, by the processor
    const std::uint64_t end = place + arch_.frames.size;
    // Above them an NMI keeps copies of what the processor pushed (end_repeat_nmi).
    const std::uint64_t copies = 16 * word_;
    if (stack.kind != StackKind::Task && stack.high - end <= std::max(most_padding, copies)) return true;
    if (registers.user_mode()) return starts_stack(place, stack);
    return registers.sp() >= end && registers.sp() - end < alignment;
}

// Stale return addresses are everywhere on a stack; one from which the tables lead on to another is likely
// alive. Where there are no tables, or none leads on, the first has to do.
FrameWalker::Step FrameWalker::by_scan(const UnwindPosition& at, StackSet stacks) {
    const StackRange* stack = stack_of(stacks, at.sp);
    // A stack that overflowed: the pointer is in the guard page below.
    std::uint64_t from = align_up(at.sp, word_);
    if (!stack) stack = stack_of(stacks, from = align_up(at.sp, page_size));
    if (!stack) return {};
    Step first;
    for (std::uint64_t slot = from; stack->holds(slot, word_); slot += word_) {
        const auto word = read(slot);
        if (!word) {
            slot = align_down(slot, page_size) + page_size - word_;
            continue;
        }
        const std::uint64_t ip = true_return_address(*word, slot);
        if (!is_return_address(ip)) continue;
        Step candidate = moved_to(ip, slot, FrameTrust::Scan);
        if (first.outcome == Step::Outcome::Failed) first = candidate;
        if (!code_.at(ip - 1).orc) break;
        const Step further = step(candidate.next, stacks);
        if (further.outcome == Step::Outcome::EndOfStack) return candidate;
        if (further.outcome != Step::Outcome::Moved) continue;
        if (further.saved ? plausible(*further.saved) : is_return_address(further.next.ip)) return candidate;
    }
    return first;
}

FrameWalker::Step FrameWalker::sure_step(const UnwindPosition& at, StackSet stacks) {
    Step by_tables = step(at, stacks);
    if (by_tables.outcome != Step::Outcome::Failed) return by_tables;
    // A kernel without tables keeps frame pointers, as a rule.
    if (!code_.map().has_tables()) {
        Step linked = arch_.code.frame_pointers.in_registers ? by_records(at, stacks)
                      : arch_.code.frame_pointers.frame_size ? by_back_chain(at, stacks)
                      : arch_.registers->link                ? by_linked_frames(at, stacks)
                                                             : by_links(at, stacks);
        if (linked.outcome != Step::Outcome::Failed) return linked;
        if (linked.error) by_tables.error = std::move(linked.error);
    }
    if (Step entered = by_entry(at, stacks); entered.outcome == Step::Outcome::Moved) return entered;
    if (Step entered = by_bare_entry(at, stacks); entered.outcome == Step::Outcome::Moved) return entered;
    if (Step by_call = by_call_site(at, stacks); by_call.outcome == Step::Outcome::Moved) return by_call;
    const Step ended = by_start(at, stacks);
    return ended.outcome == Step::Outcome::EndOfStack ? ended : by_tables;
}

FrameWalker::Step FrameWalker::guess(const UnwindPosition& at, StackSet stacks) {
    Step step;
    if (arch_.code.frame_pointers.frame_size == 0) step = by_frame_pointer(at, stacks);
    return step.outcome == Step::Outcome::Failed ? by_scan(at, stacks) : step;
}

}  // namespace postmortem
