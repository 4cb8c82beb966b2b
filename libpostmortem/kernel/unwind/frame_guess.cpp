// How a walk goes on where the unwind tables fail: FrameWalker::guess().
#include <algorithm>

#include "base/checked.h"
#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

using x86_64::Reg;
using x86_64::Registers;

const StackRange* stack_of(StackSet stacks, std::uint64_t address) {
    for (const StackRange& stack : stacks)
        if (stack.holds(address, 8)) return &stack;
    return nullptr;
}

FrameWalker::Step moved_to(std::uint64_t ip, std::uint64_t slot, FrameTrust trust) {
    FrameWalker::Step step;
    step.outcome = FrameWalker::Step::Outcome::Moved;
    step.next.ip = ip;
    step.next.slot = slot;
    step.next.sp = slot + 8;
    step.next.trust = trust;
    return step;
}

}  // namespace

// The kernel leaves a few functions out of its tables, __crash_kexec() among them (STACK_FRAME_NON_STANDARD).
FrameWalker::Step FrameWalker::by_call_site(const UnwindPosition& at, StackSet stacks) {
    const std::uint64_t function = code_.at(at.interrupted ? at.ip : at.ip - 1).start;
    const StackRange* stack = stack_of(stacks, at.sp);
    if (function == 0 || !stack) return {};
    for (std::uint64_t slot = align_up(at.sp, 8); stack->holds(slot, 8); slot += 8) {
        const auto ip = read(slot);
        if (!ip) return {};
        if (code_.map().call_target(*ip) != function) continue;
        Step step = moved_to(*ip, slot, FrameTrust::CallSite);
        // Either the function keeps its caller's frame pointer on the stack, right below, or it does not use
        // it.
        step.next.bp = at.bp;
        if (at.bp == slot - 8)
            step.next.bp =
                read(slot - 8).map([](std::uint64_t bp) { return std::optional(bp); }).value_or(std::nullopt);
        return step;
    }
    return {};
}

// A frame pointer points at the saved frame pointer of the caller, the return address lies above. The lowest
// bit marks the registers of an exception (ENCODE_FRAME_POINTER in arch/x86/entry/calling.h).
FrameWalker::Step FrameWalker::by_frame_pointer(const UnwindPosition& at, StackSet stacks) {
    if (!at.bp) return {};
    const std::uint64_t frame = *at.bp & ~std::uint64_t{1};
    const StackRange* stack = stack_of(stacks, at.sp);
    if (frame % 8 != 0 || !stack || !stack->holds(frame, 16) || frame < at.sp) return {};
    if (*at.bp & 1) {
        auto saved = registers_on(stacks, frame);
        if (!saved) return {};
        Step step;
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(*saved);
        step.saved = std::move(saved);
        return step;
    }
    const auto ip = read_on(stacks, frame + 8), bp = read_on(stacks, frame);
    if (!ip || !bp || !is_return_address(*ip)) return {};
    Step step = moved_to(*ip, frame + 8, FrameTrust::FramePointer);
    step.next.bp = *bp;
    return step;
}

// Stale return addresses are everywhere on a stack; one from which the tables lead on to another is likely
// alive. Where there are no tables, or none leads on, the first has to do.
FrameWalker::Step FrameWalker::by_scan(const UnwindPosition& at, StackSet stacks) {
    const StackRange* stack = stack_of(stacks, at.sp);
    // A stack that overflowed: the pointer is in the guard page below.
    std::uint64_t from = align_up(at.sp, 8);
    if (!stack) stack = stack_of(stacks, from = align_up(at.sp, page_size));
    if (!stack) return {};
    Step first;
    for (std::uint64_t slot = from; stack->holds(slot, 8); slot += 8) {
        const auto ip = read(slot);
        if (!ip) {
            slot = align_down(slot, page_size) + page_size - 8;
            continue;
        }
        if (!is_return_address(*ip)) continue;
        Step candidate = moved_to(*ip, slot, FrameTrust::Scan);
        if (first.outcome == Step::Outcome::Failed) first = candidate;
        if (!code_.at(*ip - 1).orc) break;
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
    Step by_call = by_call_site(at, stacks);
    return by_call.outcome == Step::Outcome::Moved ? by_call : by_tables;
}

FrameWalker::Step FrameWalker::guess(const UnwindPosition& at, StackSet stacks) {
    Step step = by_frame_pointer(at, stacks);
    return step.outcome == Step::Outcome::Moved ? step : by_scan(at, stacks);
}

}  // namespace postmortem
