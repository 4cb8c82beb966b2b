// Steps of kernels whose frames are chained records, and whose entries put a record into the registers that
// they save: arm64. FrameWalker::by_records(). arch/arm64/kernel/stacktrace.c, entry.S.
#include "kernel/unwind/frame_walker.h"

namespace postmortem {
namespace {

// Since 6.13 (c2c6b27b5aa1) a record of zeros is followed by what it stands for (FRAME_META_TYPE_PT_REGS).
constexpr std::uint64_t stands_for_registers = 2;

FrameWalker::Step no_record(const UnwindPosition& at) {
    FrameWalker::Step step;
    step.error = Error(ErrorCode::Corrupt, "the frame pointer leads to no frame record", at.fp.value_or(0));
    return step;
}

// A CPU that has just entered the kernel has saved nothing yet: its frame pointer is the program's.
bool begins_entry(const UnwindPosition& at, StackSet stacks) {
    if (!at.interrupted) return false;
    for (const StackRange& stack : stacks)
        if (stack.kind == StackKind::Task && at.sp == stack.high) return true;
    return false;
}

}  // namespace

FrameWalker::Step FrameWalker::by_records(const UnwindPosition& at, StackSet stacks) {
    if (Step linked = by_link_register(at, stacks); linked.outcome == Step::Outcome::Moved) return linked;
    if (!at.fp) return no_record(at);
    // Until 5.12 (6106e1112cc6) the outermost record had no caller; since then it lies in the registers of
    // the task's program, or where they would.
    if (*at.fp == 0) return at_first_frame(stacks);
    const std::uint64_t record = *at.fp;
    const FramePointers& shape = arch_.code.frame_pointers;
    const std::uint64_t slot = shape.return_address_at(record);
    const auto fp = read_on(stacks, shape.caller_at(record)), word = read_on(stacks, slot);
    if ((!fp || !word) && begins_entry(at, stacks)) return Step::end_of_stack();
    if (!fp || !word) {
        Step lost = no_record(at);
        if (auto why = lost_frame(record, stacks)) lost.error = std::move(why);
        return lost;
    }
    for (const StackRange& stack : stacks) {
        if (stack.holds(record, word_) && stack.holds(at.slot, word_) && record < at.slot)
            return no_record(at);
        const FrameInRegisters& layout = code_.map().frame_in_registers();
        if (stack.kind == StackKind::Task && record == stack.high - layout.size + layout.offset)
            return at_first_frame(stacks);
    }
    if (Step around = by_registers_around(record, *fp, *word, stacks); around.outcome == Step::Outcome::Moved)
        return around;
    const std::uint64_t ip = true_return_address(*word, slot);
    if (!is_return_address(ip)) return no_record(at);
    Step step = moved_to(ip, slot, FrameTrust::FramePointer);
    step.next.fp = *fp;
    return step;
}

// Interrupted without a frame of its own, be it that it makes none, that it did not get there, or that there
// is no code: the return address is still where the call left it.
FrameWalker::Step FrameWalker::by_link_register(const UnwindPosition& at, StackSet stacks) {
    if (!at.interrupted || !at.registers || !arch_.registers->link) return {};
    const CodePlace& function = code_.at(at.ip);
    const std::uint64_t ip = true_return_address((*at.registers)[*arch_.registers->link], at.sp);
    if (!is_return_address(ip)) return {};
    const bool made_none = function.start != 0 && !code_.map().has_frame(at.ip) &&
                           !(ip > function.start && ip - function.start <= function.size);
    if (!made_none && !went_wild(at)) return {};
    const std::uint64_t slot = arch_.code.frame_pointers.return_address_at(at.fp.value_or(0));
    if (const auto kept = read_on(stacks, slot); kept && code_.map().unsigned_address(*kept) == ip) return {};
    Step step = moved_to(ip, at.sp, FrameTrust::LinkRegister);
    // Nothing of it lies on the stack: the caller's record may be right here.
    step.next.sp = at.sp + 1;
    step.next.fp = at.fp;
    return step;
}

// What an entry put there is told from a frame by the registers around it, which say the same twice.
FrameWalker::Step FrameWalker::by_registers_around(std::uint64_t record, std::uint64_t fp, std::uint64_t ip,
                                                   StackSet stacks) {
    const std::uint64_t place = record - code_.map().frame_in_registers().offset;
    Step step;
    step.saved = linked_registers_on(stacks, place);
    if (!step.saved || step.saved->user_mode()) return {};
    bool theirs = step.saved->fp() == fp && step.saved->ip() == ip;
    if (fp == 0 && ip == 0) {
        const auto meaning = read_on(stacks, record + 2 * word_);
        theirs = meaning && *meaning == stands_for_registers;
    }
    if (!theirs) return {};
    step.outcome = Step::Outcome::Moved;
    step.next = UnwindPosition::from_registers(step.saved);
    return step;
}

FrameWalker::Step FrameWalker::at_first_frame(StackSet stacks) {
    if (!user_task_) return Step::end_of_stack();
    for (const StackRange& stack : stacks) {
        if (stack.kind != StackKind::Task) continue;
        const SavedRegisters saved = registers_on(stacks, stack.high - code_.map().frame_in_registers().size);
        if (!saved || !saved->user_mode()) continue;
        Step step;
        step.outcome = Step::Outcome::Moved;
        step.next = UnwindPosition::from_registers(saved);
        step.saved = saved;
        return step;
    }
    return Step::end_of_stack();
}

}  // namespace postmortem
