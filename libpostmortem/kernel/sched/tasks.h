// Every task of the crashed kernel: from the initial pid namespace's IDR, cross-checked with init_task's
// lists, and the idle task of each CPU. kernel/pid.c, kernel/fork.c, include/linux/sched.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/problem.h>

#include "kernel/kernel.h"
#include "kernel/sched/task_states.h"
#include "object/field.h"

namespace postmortem {

/// What identifies a task and says what it was doing; everything else is read from `address` on demand.
struct Task {
    std::uint64_t address = 0;         ///< of its task_struct
    std::uint8_t address_digits = 16;  ///< of an address in this kernel
    std::int32_t pid = 0;
    std::int32_t tgid = 0;
    std::optional<std::uint32_t> cpu;  ///< where it runs or last ran
    std::string comm;
    std::uint64_t state = 0;         ///< task->__state | task->exit_state
    std::string_view state_letters;  ///< as TaskStates::letters()
    std::uint64_t flags = 0;         ///< PF_*
    std::uint64_t mm = 0;            ///< 0 for kernel threads and for tasks that have given theirs up
    std::uint64_t parent = 0;
    std::uint64_t stack = 0;     ///< lowest address of its kernel stack
    bool active = false;         ///< current on its CPU when the kernel died, as far as is known
    bool may_be_active = false;  ///< whatever its CPU was running cannot be read

    /// Its kernel stack pointer while it does not run. Read only with TaskParts::ForUnwinding.
    std::optional<std::uint64_t> saved_sp;

    /// SPLIT_RSS_COUNTING, 2.6.34 to 6.1: pages by MM_ counter that the thread has not yet added to its mm.
    std::array<std::int32_t, 4> cached_rss{};

    /// Why a part of the task could not be read: its fields are 0, or absent.
    std::optional<Error> damage;

    bool is_idle() const { return pid == 0; }
    bool is_kernel_thread() const;
    bool is_group_leader() const { return pid == tgid; }
};

struct TaskTable {
    std::vector<Task> tasks;  ///< idle tasks by CPU, then ascending pid
    Problems problems;

    const Task* by_address(std::uint64_t address) const;
    const Task* by_pid(std::int32_t pid) const;
};

/// What is read of each task: the saved stack pointer lies on a page of its own, which costs more than the
/// rest.
enum class TaskParts { Identity, ForUnwinding };

TaskTable read_tasks(const Kernel& kernel, TaskParts parts = TaskParts::Identity);

/// Reads single tasks by the address of their task_struct; the layout is looked up once. Thread-safe. Borrows
/// the kernel.
class TaskReader {
  public:
    explicit TaskReader(const Kernel& kernel, TaskParts parts = TaskParts::Identity);
    Result<Task> read(std::uint64_t address) const;
    /// The same for one of many tasks: `window` then holds most of the task_struct.
    Result<Task> read(std::uint64_t address, MemoryWindow& window) const;

    /// Members that this kernel's types do not have where any is known to be.
    const Problems& missing() const { return missing_; }

  private:
    void find_cpu(const Kernel& kernel);
    void find_extent();
    Result<std::uint32_t> read_cpu(const Task& task, const MemoryWindow& window) const;
    void read_cached_rss(Task& task) const;

    const AddressSpace& memory_;
    TaskStates states_;
    Problems missing_;
    Field pid_, tgid_, state_, exit_state_, comm_, flags_, mm_, parent_, stack_, cpu_, cached_rss_;
    Field cached_shmem_;                  ///< apart from the others in RHEL 7 (3.10.0)
    Field stack_cpu_, stack_task_;        ///< of the thread_info at the bottom of the stack
    bool one_cpu_ = false;                ///< a kernel for one CPU, which notes none
    Field saved_sp_;                      ///< absent where it is not asked for
    std::uint64_t first_ = 0, last_ = 0;  ///< where the fields begin and end in a task_struct
};

/// The task that CPU `cpu` was running: its runqueue's curr.
Result<std::uint64_t> current_task(const Kernel& kernel, std::uint32_t cpu);

/// The CPU that went into panic() or crash_kexec(), and did not come back: by panic_cpu, else crashing_cpu,
/// of which CPU 0 is no word.
std::optional<std::uint32_t> panicked_cpu(const Kernel& kernel);
/// The CPU on which the kernel died: that one, else the one that the dump's header names.
Result<std::uint32_t> crashed_cpu(const Kernel& kernel);

}  // namespace postmortem
