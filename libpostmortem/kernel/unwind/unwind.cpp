#include "kernel/unwind/unwind.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

using Outcome = FrameWalker::Step::Outcome;

// From a crash function to the interrupted code there are a handful of frames.
constexpr unsigned most_crash_frames = 64;
constexpr unsigned most_frames = 1024;

// What a return address on the stack leads to, with the frame pointer beside it.
UnwindPosition returning_to(std::uint64_t ip, std::uint64_t slot, FrameWalker& walker) {
    const Arch& arch = walker.code().map().arch();
    const FramePointers& shape = arch.code.frame_pointers;
    UnwindPosition position;
    position.ip = ip;
    position.slot = slot;
    position.sp = slot + arch.word_size;
    if (shape.in_registers || !walker.code().map().has_tables())
        if (const auto fp = walker.read(slot - shape.return_address_at(0) + shape.caller_at(0)))
            position.fp = *fp;
    return position;
}

// The function that it returned from may have been one without a frame: what lies beside the address is then
// something else, which a walk may take for a frame pointer for a while before it ends in guesses. Where
// calls leave the return address in a register, only functions with a frame put it on the stack.
std::vector<UnwindPosition> ways_from(const UnwindPosition& start, const Arch& arch) {
    if (!start.fp || arch.registers->link) return {start};
    UnwindPosition bare = start;
    bare.fp.reset();
    return {std::move(bare), start};
}

}  // namespace

Unwinder::Unwinder(const Kernel& kernel)
    : source_(kernel),
      code_(kernel.arch(), kernel.memory(), source_),
      stacks_(kernel),
      registers_(read_crash_registers(kernel)),
      switched_out_(kernel) {
    for (const char* name : kernel.arch().code.resting) {
        const auto start = kernel.symbol(name);
        if (!start) continue;
        const CodePlace& place = code_.at(*start);
        if (place.size != 0) crash_functions_.push_back({*start, *start + place.size});
    }
}

Problems Unwinder::problems() const {
    Problems all = registers_.problems;
    const std::lock_guard guard(lock_);
    all.insert(all.end(), stack_problems_.begin(), stack_problems_.end());
    return all;
}

std::vector<StackRange> Unwinder::stacks_of(const Task& task) const {
    std::vector<StackRange> stacks{stacks_.of_task(task.stack)};
    if (!task.active || !task.cpu) return stacks;
    const std::lock_guard guard(lock_);
    auto known = cpu_stacks_.find(*task.cpu);
    if (known == cpu_stacks_.end())
        known = cpu_stacks_.emplace(*task.cpu, stacks_.of_cpu(*task.cpu, stack_problems_)).first;
    stacks.insert(stacks.end(), known->second.begin(), known->second.end());
    return stacks;
}

void Unwinder::unwind(const Task& task, FrameWalker& walker, RawBacktrace& out) const {
    out.clear();
    if (task.stack == 0) return;
    walker.set_task(task.address);
    if (task.active) {
        unwind_active(task, walker, out);
    } else {
        unwind_sleeping(task, walker, out);
    }
}

void Unwinder::unwind_from(const Task& task, std::uint64_t ip, std::uint64_t sp, FrameWalker& walker,
                           RawBacktrace& out) const {
    out.clear();
    walker.set_task(task.address);
    const std::vector<StackRange> stacks = stacks_of(task);
    walker.walk(returning_to(ip, sp, walker), stacks, !task.is_kernel_thread(), out);
}

void Unwinder::unwind_sleeping(const Task& task, FrameWalker& walker, RawBacktrace& out) const {
    const StackRange stack = stacks_.of_task(task.stack);
    const StackSet stacks(&stack, 1);
    auto saved = switched_out_.position(task, stack, walker);
    if (!saved) {
        out.end = BacktraceEnd::Lost;
        out.lost = std::move(saved.error());
        return;
    }
    UnwindPosition start = std::move(*saved);
    // A task that has never run returns to the first instruction of ret_from_fork.
    start.interrupted = walker.code().at(start.ip).start == start.ip;
    walker.walk(start, stacks, !task.is_kernel_thread(), out);
}

void Unwinder::unwind_active(const Task& task, FrameWalker& walker, RawBacktrace& out) const {
    const std::vector<StackRange> stacks = stacks_of(task);
    const CpuRegisters* cpu = task.cpu ? registers_.of_cpu(*task.cpu) : nullptr;
    if (!cpu) return unwind_unknown(task, walker, stacks, out);
    if (cpu->source != CpuRegisters::Source::Hypervisor) {
        if (const auto later = after_crash(cpu->registers, walker, stacks))
            return walker.walk(*later, stacks, !task.is_kernel_thread(), out);
    }
    out.start = cpu->registers;
    if (cpu->registers.user_mode()) {
        out.end = BacktraceEnd::User;
        return;
    }
    walker.walk(UnwindPosition::from_registers(cpu->registers), stacks, !task.is_kernel_thread(), out);
}

// The kernel saves a CPU's registers and then goes on for a few calls, up to the jump into the crash kernel
// or an endless halt. Those frames are still on the stack. A return address into one of the functions where
// CPUs come to rest is believed if the unwind tables lead from it to exactly the registers that were saved.
std::optional<UnwindPosition> Unwinder::after_crash(const Registers& known, FrameWalker& walker,
                                                    StackSet stacks) const {
    const std::uint64_t word = code_.arch().word_size;
    for (const StackRange& stack : stacks) {
        for (std::uint64_t slot = stack.low; slot < stack.high; slot += word) {
            const auto held = walker.read(slot);
            if (!held) continue;
            const std::uint64_t ip = code_.unsigned_address(*held);
            const auto holds = [&](const TextRange& range) { return range.holds(ip - 1); };
            if (std::none_of(crash_functions_.begin(), crash_functions_.end(), holds)) continue;
            const UnwindPosition start = returning_to(ip, slot, walker);
            for (const UnwindPosition& way : ways_from(start, code_.arch()))
                if (leads_to(way, known, walker, stacks)) return way;
        }
    }
    return std::nullopt;
}

bool Unwinder::leads_to_end(UnwindPosition at, FrameWalker& walker, StackSet stacks) const {
    for (unsigned i = 0; i < most_frames; ++i) {
        auto step = walker.sure_step(at, stacks);
        if (step.outcome == Outcome::EndOfStack) return true;
        if (step.outcome != Outcome::Moved) return false;
        if (step.saved && step.saved->user_mode()) return true;
        at = std::move(step.next);
    }
    return false;
}

// Either the registers of an exception on the way are the saved ones, or the way comes through the very frame
// in which
// __crash_kexec() saved its own. There only the stack pointer counts, or where records are chained the frame
// pointer: the ip is that of a C label (crash_setup_regs()), which the compiler may have put anywhere in the
// function.
bool Unwinder::leads_to(UnwindPosition at, const Registers& known, FrameWalker& walker,
                        StackSet stacks) const {
    const std::uint64_t function = walker.code().at(known.ip()).start;
    for (unsigned i = 0; i < most_crash_frames; ++i) {
        auto step = walker.sure_step(at, stacks);
        if (step.outcome != Outcome::Moved) return false;
        if (step.saved && same_state(*step.saved, known)) return true;
        if (step.saved && step.saved->user_mode()) return false;
        const bool same_frame = code_.arch().code.frame_pointers.in_registers ? step.next.fp == known.fp()
                                                                              : step.next.sp == known.sp();
        if (!step.saved && same_frame && function != 0 &&
            walker.code().at(step.next.ip - 1).start == function)
            return true;
        at = std::move(step.next);
    }
    return false;
}

// Nothing tells where the CPU was. The innermost return address from which the tables lead to the stack's
// very end is likely near; all of it stays a guess.
void Unwinder::unwind_unknown(const Task& task, FrameWalker& walker, StackSet stacks,
                              RawBacktrace& out) const {
    const StackRange& stack = stacks.front();
    const std::uint64_t word = code_.arch().word_size;
    const std::string cpu = task.cpu ? fmt::format("CPU {}", *task.cpu) : "its CPU";
    const Error why(ErrorCode::NotFound,
                    fmt::format("the registers of {} are not known: where its task was is a guess", cpu));
    for (std::uint64_t slot = stack.low; slot < stack.high; slot += word) {
        const auto held = walker.read(slot);
        const std::uint64_t ip = held ? code_.unsigned_address(*held) : 0;
        if (!held || !code_.is_return_address(ip)) continue;
        for (const UnwindPosition& way : ways_from(returning_to(ip, slot, walker), code_.arch())) {
            if (!leads_to_end(way, walker, stacks)) continue;
            walker.walk(way, stacks, !task.is_kernel_thread(), out);
            for (RawFrame& frame : out.frames) frame.trust = FrameTrust::Scan;
            out.lost = why;
            return;
        }
    }
    out.end = BacktraceEnd::Lost;
    out.lost = why;
}

}  // namespace postmortem
