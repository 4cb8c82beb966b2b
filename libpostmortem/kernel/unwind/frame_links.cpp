// Steps of kernels that keep frame pointers and have no unwind tables: what a frame pointer skips is found
// beside it. FrameWalker::by_links().
#include <algorithm>
#include <array>
#include <memory>

#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

// The registers below the frame pointer, and the one above it, which that entry did not save.
SavedRegisters without_preserved(Registers registers) {
    const unsigned fp = registers.file->fp;
    registers.known &= ~((std::uint64_t{1} << fp) - 1) & ~(std::uint64_t{2} << fp);
    return std::make_shared<const Registers>(registers);
}

// What compilers call in place of a pointer where processors guess whither a call goes (retpolines).
bool calls_by_pointer(const CodePlace& called) {
    return called.function.find("_indirect_thunk_") != std::string::npos;
}

}  // namespace

FrameWalker::Step FrameWalker::by_links(const UnwindPosition& at, StackSet stacks) {
    Step step = by_fresh_call(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_unmarked_registers(at, stacks);
    if (step.outcome == Step::Outcome::Failed) step = by_entry_frame(at, stacks);
    // Kernel threads and idle tasks start with a frame pointer of 0.
    if (step.outcome == Step::Outcome::Failed && at.fp == 0u && !at.interrupted && !user_task_)
        return Step::end_of_stack();
    if (step.outcome == Step::Outcome::Failed) step = by_frame_pointer(at, stacks);
    if (step.outcome == Step::Outcome::Failed && is_first_frame(at, stacks)) return Step::end_of_stack();
    if (step.outcome == Step::Outcome::Failed && !step.error) step.error = no_frame_linked(at, stacks);
    return step;
}

Error FrameWalker::no_frame_linked(const UnwindPosition& at, StackSet stacks) {
    if (!at.fp) return {ErrorCode::NotFound, "what the frame pointer was is not known", at.ip};
    if (auto lost = lost_frame(*at.fp, stacks)) return std::move(*lost);
    return {ErrorCode::NotFound, "the frame pointer leads to no frame", at.ip};
}

std::optional<Error> FrameWalker::lost_frame(std::uint64_t fp, StackSet stacks) {
    const FramePointers& shape = arch_.code.frame_pointers;
    for (const std::uint64_t slot : {shape.caller_at(fp), shape.return_address_at(fp)})
        for (const StackRange& stack : stacks)
            if (stack.holds(slot, word_))
                if (const auto word = read(slot); !word) return word.error();
    return std::nullopt;
}

// Interrupted before it had a frame of its own, without one, or where there is no code: the frame pointer is
// still its caller's, and the return address lies at the stack pointer, or above the pushed frame pointer.
FrameWalker::Step FrameWalker::by_fresh_call(const UnwindPosition& at, StackSet stacks) {
    if (!at.interrupted) return {};
    const std::uint64_t function = code_.at(at.ip).start;
    const bool wild = went_wild(at);
    if (function == 0 && !wild) return {};
    for (const std::uint64_t slot : {at.sp, at.sp + word_}) {
        const auto ip = read_on(stacks, slot);
        if (!ip) continue;
        const bool pushed = slot != at.sp;
        if (pushed && (!at.fp || read_on(stacks, at.sp) != *at.fp)) continue;
        // A call by pointer does not name the function: there the pushed frame pointer or its instructions
        // tell.
        const auto called = code_.map().call_target(*ip);
        const bool by_pointer = is_return_address(*ip) && (!called || calls_by_pointer(code_.at(*called)));
        const bool bare = wild ? !pushed : pushed || !code_.map().has_frame(at.ip);
        if (called != function && !(by_pointer && bare)) continue;
        Step step = moved_to(*ip, slot, FrameTrust::CallSite);
        step.next.fp = at.fp;
        return step;
    }
    return {};
}

// A function that saves its own registers was not interrupted: crash_setup_regs() in __crash_kexec().
bool FrameWalker::is_own_snapshot(const Registers& saved, const UnwindPosition& at) {
    const std::uint64_t function = code_.at(at.ip - 1).start;
    return !saved.user_mode() && function != 0 && code_.at(saved.ip()).start == function;
}

// Before ENCODE_FRAME_POINTER (4.9, 946c191161ce) an entry says nothing: the frame of its C function leads
// past the interrupted function. But what it returns to, the entry, has the saved registers at its stack
// pointer, and their frame pointer is the one that the C function found. On the interrupt stack there is a
// pointer to them, or to the frame pointer in them (SAVE_ARGS_IRQ of arch/x86/kernel/entry_64.S, before 4.2).
FrameWalker::Step FrameWalker::by_unmarked_registers(const UnwindPosition& at, StackSet stacks) {
    if (at.interrupted || !at.fp) return {};
    std::array<std::uint64_t, 3> places{at.sp, 0, 0};
    if (const auto pointer = read_on(stacks, at.sp)) {
        places[1] = *pointer;
        places[2] = *pointer - word_ * arch_.registers->fp;
    }
    for (const std::uint64_t& place : places) {
        if (place == 0) continue;
        SavedRegisters saved = registers_on(stacks, place);
        if (!saved && place == at.sp) saved = wild_registers_on(stacks, place);
        if (!saved || saved->fp() != *at.fp) continue;
        if (is_own_snapshot(*saved, at)) continue;
        if (!saved->user_mode() && !read_on(stacks, saved->sp() & ~(word_ - 1))) continue;
        if (&place == &places[2]) saved = without_preserved(*saved);
        Step step;
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(saved);
        step.saved = std::move(saved);
        return step;
    }
    return {};
}

// What was called where there is no code (a wild pointer) says nothing for its registers but that they lie
// where an exception puts them: right below the stack pointer that it found, which is of 16 bytes' alignment.
// i386 pushes neither it nor its segment.
SavedRegisters FrameWalker::wild_registers_on(StackSet stacks, std::uint64_t place) {
    constexpr std::uint64_t alignment = 16;
    SavedRegisters saved = linked_registers_on(stacks, place);
    if (!saved || saved->user_mode()) return nullptr;
    const std::uint64_t least = place + arch_.frames.size - 2 * word_;
    return saved->sp() >= least && saved->sp() < least + 2 * word_ + alignment ? saved : nullptr;
}

// save_args (2.6.32) makes a frame of what it saves: the frame pointer points at the interrupted one's, which
// lies in the place of the next register, and on the interrupt stack that is pushed once more. All of it lies
// where an interrupt puts it: right below where the stack pointer was, or at the very start of the stack.
FrameWalker::Step FrameWalker::by_entry_frame(const UnwindPosition& at, StackSet stacks) {
    if (at.interrupted || !at.fp) return {};
    if (*at.fp != at.sp && read_on(stacks, at.sp).value_or(0) != *at.fp) return {};
    const std::uint64_t place = *at.fp - word_ * (arch_.registers->fp + 1ull),
                        end = place + arch_.frames.size;
    const auto fp = read_on(stacks, *at.fp);
    const SavedRegisters found = registers_on(stacks, place);
    if (!fp || !found) return {};
    constexpr std::uint64_t alignment = 16;  // of the stack pointer, by the processor
    if (found->user_mode() ? !starts_a_stack(place, stacks)
                           : found->sp() < end || found->sp() - end >= alignment)
        return {};
    Registers saved = *without_preserved(*found);
    saved.set(arch_.registers->fp, *fp);
    Step step;
    step.outcome = Step::Outcome::Moved;
    step.saved = std::make_shared<const Registers>(saved);
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

// The code that starts a CPU pushes a return address of 0 for its first function (arch/x86/kernel/head_64.S
// before 4.11); behind that the stack has never been used, but for the registers that copy_thread() makes up
// where those of a program would be: the stack starts below them (4.4), or on top of them (2.6.32).
bool FrameWalker::is_first_frame(const UnwindPosition& at, StackSet stacks) {
    if (at.interrupted || !at.fp || user_task_) return false;
    for (const StackRange& stack : stacks) {
        if (stack.kind != StackKind::Task || !stack.holds(at.sp, word_)) continue;
        if (*at.fp < at.sp || *at.fp % word_ != 0 || !stack.holds(*at.fp, 2 * word_)) return false;
        const std::uint64_t registers = stack.high - arch_.frames.size;
        const std::uint64_t end = *at.fp + 2 * word_ <= registers ? registers : stack.high;
        for (std::uint64_t slot = *at.fp; slot < end; slot += word_)
            if (read(slot).value_or(1) != 0) return false;
        return true;
    }
    return false;
}

// Where a task's stack starts there is room for the registers of its program; what lies in that room is no
// frame. A kernel thread has nothing there, and an entry that saves only some of them comes to lie inside.
FrameWalker::Step FrameWalker::by_start(const UnwindPosition& at, StackSet stacks) {
    constexpr std::uint64_t padding = 16;  // TOP_OF_KERNEL_STACK_PADDING
    for (const StackRange& stack : stacks) {
        if (stack.kind != StackKind::Task || !stack.holds(at.sp, word_)) continue;
        const std::uint64_t room = stack.high - arch_.frames.size;
        if (at.sp > room && !code_.map().has_tables()) return Step::end_of_stack();
        if (!user_task_ && at.sp <= room && room - at.sp <= padding) return Step::end_of_stack();
    }
    return {};
}

bool FrameWalker::in_entry(const UnwindPosition& at, StackSet stacks) const {
    if (code_.map().has_tables()) return false;
    return std::any_of(stacks.begin(), stacks.end(), [&](const StackRange& stack) {
        return stack.kind == StackKind::Task && stack.holds(at.sp, 0) &&
               at.sp > stack.high - arch_.frames.size;
    });
}

}  // namespace postmortem
