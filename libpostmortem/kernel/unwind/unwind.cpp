#include "kernel/unwind/unwind.h"

#include <algorithm>

#include <fmt/format.h>

namespace postmortem {
namespace {

using x86_64::Reg;
using Outcome = FrameWalker::Step::Outcome;

// From a crash function to the interrupted code there are a handful of frames.
constexpr unsigned most_crash_frames = 64;
constexpr unsigned most_frames = 1024;

// struct inactive_task_frame (arch/x86/include/asm/switch_to.h): r15, r14, r13, r12, bx, bp, ret_addr.
constexpr std::uint64_t default_frame_bp = 40, default_frame_return = 48;

// crash_save_cpu() copies the registers as they are; flags and segments are of no account.
bool same_place(const x86_64::Registers& a, const x86_64::Registers& b) {
    if (a.partial || b.partial) return false;
    for (std::size_t i = 0; i < x86_64::register_count; ++i) {
        const Reg reg = static_cast<Reg>(i);
        if (reg == Reg::OrigAx || reg == Reg::Flags || reg == Reg::Cs || reg == Reg::Ss) continue;
        if (a[reg] != b[reg]) return false;
    }
    return true;
}

UnwindPosition returning_to(std::uint64_t ip, std::uint64_t slot) {
    UnwindPosition position;
    position.ip = ip;
    position.slot = slot;
    position.sp = slot + 8;
    return position;
}

}  // namespace

Unwinder::Unwinder(const Kernel& kernel)
    : source_(kernel),
      code_(kernel.memory(), source_),
      stacks_(kernel),
      registers_(read_crash_registers(kernel)) {
    const TypeFinder& types = kernel.types();
    saved_sp_ = Field::find(types, "task_struct", {"thread.sp"}).value_or(Field());
    frame_bp_ = types.offset_of("inactive_task_frame", "bp").value_or(default_frame_bp);
    frame_return_ = types.offset_of("inactive_task_frame", "ret_addr").value_or(default_frame_return);

    // Where CPUs come to rest after their registers were saved: the one that loads the crash kernel, and
    // those that it stops.
    for (const char* name : {"machine_kexec", "crash_nmi_callback"}) {
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
    if (!task.active) return stacks;
    const std::lock_guard guard(lock_);
    auto known = cpu_stacks_.find(task.cpu);
    if (known == cpu_stacks_.end())
        known = cpu_stacks_.emplace(task.cpu, stacks_.of_cpu(task.cpu, stack_problems_)).first;
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

void Unwinder::unwind_sleeping(const Task& task, FrameWalker& walker, RawBacktrace& out) const {
    const StackRange stack = stacks_.of_task(task.stack);
    const StackSet stacks(&stack, 1);
    const auto lose = [&](Error error) {
        out.end = BacktraceEnd::Lost;
        out.lost = std::move(error);
    };
    const auto sp =
        task.saved_sp ? Result<std::uint64_t>(*task.saved_sp) : saved_sp_.u64(code_.memory(), task.address);
    if (!sp) return lose(sp.error());
    if (!stack.holds(*sp, frame_return_ + 8))
        return lose({ErrorCode::Corrupt, "the saved stack pointer does not lie on the task's stack", *sp});
    UnwindPosition start;
    start.slot = *sp + frame_return_;
    start.sp = start.slot + 8;
    start.trust = FrameTrust::Registers;
    const auto ip = walker.read(start.slot), bp = walker.read(*sp + frame_bp_);
    if (!ip) return lose(ip.error());
    start.ip = *ip;
    if (bp) start.bp = *bp;
    // A task that has never run returns to the first instruction of ret_from_fork.
    start.interrupted = walker.code().at(start.ip).start == start.ip;
    walker.walk(start, stacks, !task.is_kernel_thread(), out);
}

void Unwinder::unwind_active(const Task& task, FrameWalker& walker, RawBacktrace& out) const {
    const std::vector<StackRange> stacks = stacks_of(task);
    const CpuRegisters* cpu = registers_.of_cpu(task.cpu);
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
std::optional<UnwindPosition> Unwinder::after_crash(const x86_64::Registers& known, FrameWalker& walker,
                                                    StackSet stacks) const {
    for (const StackRange& stack : stacks) {
        for (std::uint64_t slot = stack.low; slot < stack.high; slot += 8) {
            const auto ip = walker.read(slot);
            if (!ip) continue;
            const auto holds = [&](const TextRange& range) { return range.holds(*ip - 1); };
            if (std::none_of(crash_functions_.begin(), crash_functions_.end(), holds)) continue;
            const UnwindPosition start = returning_to(*ip, slot);
            if (leads_to(start, known, walker, stacks)) return start;
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
// __crash_kexec() saved its own. There only the stack pointer counts: the ip is that of a C label
// (crash_setup_regs()), which the compiler may have put anywhere in the function.
bool Unwinder::leads_to(UnwindPosition at, const x86_64::Registers& known, FrameWalker& walker,
                        StackSet stacks) const {
    const std::uint64_t function = walker.code().at(known.ip()).start;
    for (unsigned i = 0; i < most_crash_frames; ++i) {
        auto step = walker.sure_step(at, stacks);
        if (step.outcome != Outcome::Moved) return false;
        if (step.saved && same_place(*step.saved, known)) return true;
        if (step.saved && step.saved->user_mode()) return false;
        if (!step.saved && step.next.sp == known.sp() && function != 0 &&
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
    const Error why(
        ErrorCode::NotFound,
        fmt::format("the registers of CPU {} were not saved: where its task was is a guess", task.cpu));
    for (std::uint64_t slot = stack.low; slot < stack.high; slot += 8) {
        const auto ip = walker.read(slot);
        if (!ip || !code_.is_return_address(*ip)) continue;
        const UnwindPosition start = returning_to(*ip, slot);
        if (!leads_to_end(start, walker, stacks)) continue;
        walker.walk(start, stacks, !task.is_kernel_thread(), out);
        for (RawFrame& frame : out.frames) frame.trust = FrameTrust::Scan;
        out.lost = why;
        return;
    }
    out.end = BacktraceEnd::Lost;
    out.lost = why;
}

}  // namespace postmortem
