// What a task was executing: where its backtrace starts (the registers of its CPU, or what the scheduler
// saved when the task went to sleep), and the walk from there.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "kernel/sched/tasks.h"
#include "kernel/unwind/crash_registers.h"
#include "kernel/unwind/frame_walker.h"
#include "kernel/unwind/kernel_code.h"
#include "kernel/unwind/switched_out.h"

namespace postmortem {

/// Shared by the threads that unwind; what one of them looked up serves all. Borrows the kernel.
class Unwinder {
  public:
    explicit Unwinder(const Kernel& kernel);

    /// A thread's own state, to be reused from task to task.
    FrameWalker walker() const { return FrameWalker(code_); }

    /// Fills `out` with the backtrace of one task.
    void unwind(const Task& task, FrameWalker& walker, RawBacktrace& out) const;

    /// From a place on a stack of the task, as if that were where it goes on: `ip` is the return address that
    /// lies there, where nothing else is known of it.
    void unwind_from(const Task& task, std::uint64_t ip, std::uint64_t sp, FrameWalker& walker,
                     RawBacktrace& out) const;

    const Arch& arch() const { return code_.arch(); }
    const CodeMap& code() const { return code_; }
    /// The task's own stack first, then those of the CPU that runs it.
    std::vector<StackRange> stacks_of(const Task& task) const;
    const CrashRegisters& registers() const { return registers_; }
    /// What could not be found beforehand: registers, the stacks of a CPU.
    Problems problems() const;

  private:
    struct TextRange {
        std::uint64_t first = 0, last = 0;
        bool holds(std::uint64_t address) const { return address >= first && address < last; }
    };

    void unwind_active(const Task& task, FrameWalker& walker, RawBacktrace& out) const;
    void unwind_sleeping(const Task& task, FrameWalker& walker, RawBacktrace& out) const;
    void unwind_unknown(const Task& task, FrameWalker& walker, StackSet stacks, RawBacktrace& out) const;

    std::optional<UnwindPosition> after_crash(const Registers& known, FrameWalker& walker,
                                              StackSet stacks) const;
    bool leads_to_end(UnwindPosition at, FrameWalker& walker, StackSet stacks) const;
    bool leads_to(UnwindPosition at, const Registers& known, FrameWalker& walker, StackSet stacks) const;

    KernelCode source_;
    CodeMap code_;
    Stacks stacks_;
    CrashRegisters registers_;
    std::vector<TextRange> crash_functions_;
    SwitchedOut switched_out_;

    mutable std::mutex lock_;
    mutable std::map<std::uint32_t, std::vector<StackRange>> cpu_stacks_;
    mutable Problems stack_problems_;
};

}  // namespace postmortem
