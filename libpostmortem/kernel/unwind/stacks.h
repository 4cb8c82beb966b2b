// Where the kernel's stacks lie: a task's own, and for each CPU the interrupt stack and those of the
// exceptions that must not trust the current one, as the architecture's tables say.
#pragma once

#include <cstdint>
#include <vector>

#include <postmortem/backtrace.h>
#include <postmortem/problem.h>

#include "kernel/kernel.h"

namespace postmortem {

struct StackRange {
    std::uint64_t low = 0;   ///< lowest address
    std::uint64_t high = 0;  ///< one past the highest
    StackKind kind = StackKind::Task;

    bool holds(std::uint64_t address, std::uint64_t length) const {
        return address >= low && address <= high && length <= high - address;
    }
};

/// Thread-safe. Borrows the kernel.
class Stacks {
  public:
    explicit Stacks(const Kernel& kernel);

    /// The stack that starts at task->stack.
    StackRange of_task(std::uint64_t lowest_address) const {
        return {lowest_address, lowest_address + task_stack_size_, StackKind::Task};
    }
    /// The stacks of one CPU; what cannot be found is left out, and named in `problems`.
    std::vector<StackRange> of_cpu(std::uint32_t cpu, Problems& problems) const;

  private:
    const Kernel& kernel_;
    std::uint64_t task_stack_size_;
};

}  // namespace postmortem
