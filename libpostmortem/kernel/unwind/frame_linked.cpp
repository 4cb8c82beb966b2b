// Steps of kernels whose frames lie below what the frame pointer points at, and whose calls leave the return
// address in a register: riscv. FrameWalker::by_linked_frames(). arch/riscv/kernel/stacktrace.c, entry.S.
#include <algorithm>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {

FrameWalker::Step FrameWalker::by_linked_frames(const UnwindPosition& at, StackSet stacks) {
    if (is_on_programs_stack(at)) return Step::end_of_stack();
    Step step = by_link_register(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_leaf_frame(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_overflow(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_saved_registers(at, stacks);
    if (step.outcome == Step::Outcome::Failed && at.fp == 0u && !at.interrupted && !user_task_)
        return Step::end_of_stack();
    if (step.outcome == Step::Outcome::Failed) step = by_frame_pointer(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_named_return(at, stacks);
    if (step.outcome == Step::Outcome::Failed && at.fp && !user_task_ && starts_a_stack(*at.fp, stacks))
        return Step::end_of_stack();
    if (step.outcome == Step::Outcome::Failed && !step.error) step.error = no_frame_linked(at, stacks);
    return step;
}

bool FrameWalker::starts_a_stack(std::uint64_t registers, StackSet stacks) const {
    return std::any_of(stacks.begin(), stacks.end(),
                       [&](const StackRange& stack) { return starts_stack(registers, stack); });
}

// A function that calls none keeps its caller's frame pointer where others keep the return address.
FrameWalker::Step FrameWalker::by_leaf_frame(const UnwindPosition& at, StackSet stacks) {
    if (!at.interrupted || !at.registers || !at.fp) return {};
    if (!code_.map().has_frame(at.ip) || code_.map().keeps_link(at.ip)) return {};
    const std::uint64_t slot = arch_.code.frame_pointers.return_address_at(*at.fp);
    const std::uint64_t ip = true_return_address((*at.registers)[*arch_.registers->link], slot);
    const auto fp = read_on(stacks, slot);
    if (!fp || !is_return_address(ip)) return {};
    Step step = moved_to(ip, slot, FrameTrust::CallSite);
    step.next.fp = *fp;
    return step;
}

// Where a stack overflowed, its stack pointer is on none; what tells of it (handle_bad_stack()) is jumped to,
// on a stack that begins with the registers.
FrameWalker::Step FrameWalker::by_overflow(const UnwindPosition& at, StackSet stacks) {
    Step step;
    for (const StackRange& stack : stacks) {
        if (stack.kind != StackKind::Overflow || at.fp != stack.high - arch_.frames.size) continue;
        step.saved = registers_on(stacks, *at.fp);
        if (!step.saved || step.saved->user_mode()) return {};
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(step.saved);
    }
    return step;
}

// What an entry calls returns to it with the saved registers at the stack pointer, and has found their frame
// pointer or, where the entry makes a frame of its own (6.12.117), their end. Those of a program are the
// first on its task's stack.
FrameWalker::Step FrameWalker::by_saved_registers(const UnwindPosition& at, StackSet stacks) {
    if (at.interrupted || !at.fp) return {};
    Step step;
    step.saved = linked_registers_on(stacks, at.sp);
    const std::uint64_t end = at.sp + arch_.frames.size;
    if (!step.saved || (step.saved->fp() != *at.fp && *at.fp != end)) return {};
    if (is_own_snapshot(*step.saved, at)) return {};
    if (step.saved->user_mode() && !(user_task_ && starts_a_stack(at.sp, stacks))) return {};
    if (!step.saved->user_mode() && !read_on(stacks, step.saved->sp() & ~(word_ - 1))) return {};
    step.outcome = Step::Outcome::Moved;
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

// Older entries (6.1) make what they call return to a label, ret_from_exception, before which no call stands.
FrameWalker::Step FrameWalker::by_named_return(const UnwindPosition& at, StackSet stacks) {
    if (!at.fp) return {};
    const FramePointers& shape = arch_.code.frame_pointers;
    const std::uint64_t slot = shape.return_address_at(*at.fp);
    const auto ip = read_on(stacks, slot), fp = read_on(stacks, shape.caller_at(*at.fp));
    if (!ip || !fp || !code_.at(*ip).is_text || code_.at(*ip).start != *ip) return {};
    const SavedRegisters saved = registers_on(stacks, *at.fp);
    if (!saved || saved->fp() != *fp) return {};
    Step step = moved_to(*ip, slot, FrameTrust::FramePointer);
    step.next.fp = *fp;
    step.next.by_name = true;
    return step;
}

}  // namespace postmortem
