// The answer to `ps`: every task, or the selected ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

namespace postmortem {

struct TaskInfo {
    std::int32_t pid = 0;
    std::int32_t tgid = 0;
    std::optional<std::int32_t> ppid;      ///< pid of task->parent
    std::optional<std::uint32_t> cpu;      ///< where it runs or last ran
    std::uint64_t task = 0;                ///< address of its task_struct
    std::uint8_t address_digits = 16;      ///< of an address in this kernel
    std::string state;                     ///< crash's two letters: RU, IN, UN, ID, ZO, …
    std::uint64_t state_bits = 0;          ///< task->__state | task->exit_state
    std::optional<double> mem_percent;     ///< resident share of the machine's memory
    std::optional<std::uint64_t> vsz_kib;  ///< mm->total_vm
    std::optional<std::uint64_t> rss_kib;  ///< file + anonymous + shared memory pages
    std::string comm;                      ///< untrusted text: escape before printing
    bool kernel_thread = false;
    /// Current on its CPU when the kernel died; absent where that CPU's run queue cannot be read.
    std::optional<bool> active;
};

struct TaskList {
    std::vector<TaskInfo> tasks;
    Problems problems;
};

}  // namespace postmortem
