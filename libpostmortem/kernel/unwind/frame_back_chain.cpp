// Steps of kernels whose stack pointer is the frame, which begins with room for what a called function saves:
// s390 and powerpc. FrameWalker::by_back_chain(). arch/s390/kernel/unwind_bc.c, entry.S;
// arch/powerpc/kernel/process.c, show_stack().
#include <algorithm>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

// A return address is kept in the frame of the function that it leads to; registers are those of the frame.
std::uint64_t frame_of(const UnwindPosition& at, const FramePointers& shape) {
    return at.registers ? at.sp : at.slot - shape.return_address_at(0);
}

bool is_on_one_stack(std::uint64_t a, std::uint64_t b, StackSet stacks) {
    for (const StackRange& stack : stacks)
        if (stack.holds(a, 1)) return stack.holds(b, 1);
    return false;
}

bool is_on_a_stack(std::uint64_t address, StackSet stacks) {
    return std::ranges::any_of(stacks, [&](const StackRange& stack) { return stack.holds(address, 1); });
}

constexpr unsigned most_empty_frames = 8;

}  // namespace

FrameWalker::Step FrameWalker::by_back_chain(const UnwindPosition& at, StackSet stacks) {
    if (is_on_programs_stack(at)) return Step::end_of_stack();
    const FramePointers& shape = arch_.code.frame_pointers;
    std::uint64_t frame = frame_of(at, shape);
    if (Step step = by_unsaved_link(at, frame, stacks); step.outcome == Step::Outcome::Moved) return step;
    if (Step step = by_marked_frame(frame, stacks); step.outcome == Step::Outcome::Moved) return step;
    Step step;
    // Where a function changes to another stack, that is chained to its own frame, in which nothing was saved
    // since, or, if it made none, to its caller's, as ever.
    bool is_callers = !code_.map().has_frame(at.ip);
    for (unsigned i = 0; i < most_empty_frames; ++i) {
        const auto caller = read_on(stacks, shape.caller_at(frame));
        if (!caller) {
            step.error = caller.error();
            return step;
        }
        if (*caller == 0) return by_first_frame(frame, stacks);
        const std::uint64_t slot = shape.return_address_at(*caller);
        const auto word = read_on(stacks, slot);
        if (!word) {
            step.error = word.error();
            return step;
        }
        const bool same_stack = is_on_one_stack(frame, *caller, stacks);
        const std::uint64_t ip = true_return_address(*word, slot);
        if ((same_stack || is_callers) && is_return_address(ip))
            return moved_to(ip, slot, FrameTrust::FramePointer);
        if (same_stack && *caller <= frame) break;
        if (same_stack && may_be_lost_text(ip)) return into_lost_text(ip, slot);
        frame = *caller;
        is_callers = false;
    }
    step.error = Error(ErrorCode::Corrupt, "the back chain leads to no return address", frame);
    return step;
}

// A word that a call may have left, in code that the dump lacks or that nothing tells of any more: a module
// whose struct is lost.
bool FrameWalker::may_be_lost_text(std::uint64_t ip) {
    constexpr unsigned bits_of_place = 52;  // those above are the same of all addresses of the kernel's code
    const std::uint64_t text = code_.map().source().some_text();
    if (text == 0 || (ip ^ text) >> bits_of_place != 0 || ip < arch_.memory.lowest_code_address) return false;
    if (code_.map().source().may_be_text(ip)) return false;
    std::array<std::byte, 8> room;
    const MutableBytes before = MutableBytes(room).first(arch_.code.calls.longest);
    return !read_block(ip - before.size(), before) || arch_.code.calls.ends_in_call(before, endian_);
}

FrameWalker::Step FrameWalker::into_lost_text(std::uint64_t ip, std::uint64_t slot) const {
    Step step = moved_to(ip, slot, FrameTrust::Scan);
    step.error = Error(ErrorCode::NotMapped, "a return address leads to code that nothing tells of", ip);
    return step;
}

// Interrupted without a frame of its own, or where there is no code: the return address is where the call
// left it. One that leads into the function itself a call of its own left, for which it needed a frame.
FrameWalker::Step FrameWalker::by_unsaved_link(const UnwindPosition& at, std::uint64_t frame,
                                               StackSet stacks) {
    if (!at.interrupted || !at.registers) return {};
    const CodePlace& function = code_.at(at.ip);
    const std::uint64_t slot = arch_.code.frame_pointers.return_address_at(frame);
    const std::uint64_t ip = true_return_address((*at.registers)[*arch_.registers->link], slot);
    if (!read_on(stacks, slot)) return {};
    if (went_wild(at) && may_be_lost_text(ip)) return into_lost_text(ip, slot);
    if (!is_return_address(ip)) return {};
    const bool made_none =
        function.start != 0 && !code_.map().has_frame(at.ip) && code_.at(ip - 1).start != function.start;
    if (!made_none && !went_wild(at)) return {};
    return moved_to(ip, slot, FrameTrust::LinkRegister);
}

// An entry chains its frame to what it interrupted, and says that the registers lie behind. The mark alone
// may be old, or, in a small frame, the next one's.
FrameWalker::Step FrameWalker::by_marked_frame(std::uint64_t frame, StackSet stacks) {
    for (const RegistersMark& mark : arch_.code.frame_pointers.marks) {
        const auto word = read_on(stacks, frame + mark.at);
        if (!word || *word != mark.word) continue;
        const std::uint64_t place = frame + mark.registers;
        Step step;
        step.saved = linked_registers_on(stacks, place);
        if (!step.saved) continue;
        const auto caller = read_on(stacks, arch_.code.frame_pointers.caller_at(frame));
        const bool programs = step.saved->user_mode();
        if (!caller) continue;
        if (programs ? !in_their_place(*step.saved, place + arch_.frames.size, stacks) ||
                           is_on_a_stack(*caller, stacks)
                     : *caller != step.saved->sp())
            continue;
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(step.saved);
        return step;
    }
    return {};
}

// An entry begins a chain, and puts the registers behind its frame. Those of a program are the first on its
// task's stack; a kernel thread has others there, which it began with.
FrameWalker::Step FrameWalker::by_first_frame(std::uint64_t frame, StackSet stacks) {
    const FramePointers& shape = arch_.code.frame_pointers;
    const std::uint64_t place = frame + shape.frame_size;
    const bool first = starts_a_stack(place, stacks);
    if ((first || !arch_.code.frame_pointers.marks.empty()) && !user_task_) return Step::end_of_stack();
    Step step;
    step.saved = linked_registers_on(stacks, place);
    if (!step.saved || step.saved->user_mode() != first) {
        step.error = Error(ErrorCode::Corrupt, "the back chain ends where no registers lie", frame);
        step.saved.reset();
        return step;
    }
    step.outcome = Step::Outcome::Moved;
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

}  // namespace postmortem
