// What the bits of task->state mean: their numbers were dealt out anew three times, so the kernel is asked.
// include/linux/sched.h, fs/proc/array.c.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/kernel.h"
#include "memory/address_space.h"

namespace postmortem {

class TaskStates {
  public:
    /// The numbers of Linux 4.14 and later.
    TaskStates() = default;
    /// As the names that the pointers at `task_state_array` lead to, one for each bit, have them; those of
    /// 4.14 where no such names are there.
    static TaskStates of(const AddressSpace& memory, std::uint64_t task_state_array);
    /// As the kernel's own table of names has them; those of 4.14 where it has no such table.
    static TaskStates of(const Kernel& kernel);

    /// The two letters that crash prints: RU, IN, UN, ID, ZO, DE, ST, TR, PA, WA, NE, or ??.
    std::string_view letters(std::uint64_t state) const;

  private:
    static TaskStates by_letters(std::string_view letters);
    void learn(std::string_view letters);

    std::uint64_t exit_dead_ = 0x10, exit_zombie_ = 0x20;
    std::uint64_t parked_ = 0x40, dead_ = 0x80, waking_ = 0x200;
};

}  // namespace postmortem
