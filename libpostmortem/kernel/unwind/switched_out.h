// Where a task goes on that does not run: what switch_to() saved of its registers, by the architecture's
// table.
#pragma once

#include <optional>

#include "kernel/kernel.h"
#include "kernel/sched/tasks.h"
#include "kernel/unwind/frame_walker.h"
#include "object/field.h"

namespace postmortem {

/// Thread-safe.
class SwitchedOut {
  public:
    explicit SwitchedOut(const Kernel& kernel);

    /// Where the walk of a sleeping task's stack starts. Errors: Corrupt where the stack pointer lies
    /// elsewhere; the memory's own.
    Result<UnwindPosition> position(const Task& task, const StackRange& stack, FrameWalker& walker) const;

  private:
    /// In the task_struct, or at an offset from the saved stack pointer.
    struct Place {
        Field in_task;
        std::uint64_t in_frame = 0;
        bool on_stack() const { return !in_task.present(); }
    };
    static Place find(const TypeFinder& types, const char* frame_type, const SavedRegister& saved,
                      std::uint64_t word);
    /// How far the frame is from where it is expected, where no type tells: a word was added and taken away.
    std::int64_t shift(std::uint64_t sp, FrameWalker& walker) const;

    const AddressSpace& memory_;
    std::uint64_t word_;
    Field sp_;
    Place ip_, fp_;
    bool told_ = true;  ///< by the kernel's types
    std::optional<std::uint64_t> switch_to_, fork_;
    std::optional<std::uint64_t> fixed_return_;
    std::uint64_t frame_size_ = 0;
    bool in_callers_frame_ = false;
};

}  // namespace postmortem
