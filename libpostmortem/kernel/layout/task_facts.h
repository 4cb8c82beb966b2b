// What the steps of the inference know of the tasks so far; each step adds to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/layout/findings.h"
#include "kernel/layout/process_ring.h"

namespace postmortem {

constexpr std::uint32_t kernel_thread_flag = 0x00200000;  // PF_KTHREAD, 2.6.27 (7b34e4283c68)

struct TaskFacts {
    explicit TaskFacts(const Kernel& of) : kernel(of), memory(of.memory()), word(of.memory().word_size()) {}

    bool is_pointer(std::uint64_t value) const {
        return value >= kernel.arch().memory.lowest_kernel_address && value % word == 0;
    }
    bool is_known(std::uint64_t task) const { return known.contains(task); }
    bool is_running(std::uint64_t task) const { return running.contains(task); }
    void add_task(std::uint64_t task) {
        if (known.insert(task).second) tasks.push_back(task);
    }
    std::optional<std::uint32_t> number(std::uint64_t task, std::optional<std::uint64_t> offset) const {
        return offset ? StructImage(memory, task, 0).number(*offset) : std::nullopt;
    }
    std::optional<std::uint64_t> pointer(std::uint64_t task, std::optional<std::uint64_t> offset) const {
        return offset ? StructImage(memory, task, 0).word(*offset) : std::nullopt;
    }
    /// A sample of all tasks.
    Survey survey() const { return Survey::of(memory, tasks, ring.size); }

    const Kernel& kernel;
    const AddressSpace& memory;
    std::uint64_t word;
    Findings findings;

    ProcessRing ring;
    /// Offsets in struct task_struct, as soon as they are known.
    std::optional<std::uint64_t> pid, tgid, leader, parent, stack, state, flags, mm, cpu;

    std::vector<std::uint64_t> tasks;  ///< processes, their threads, and the idle tasks
    std::unordered_set<std::uint64_t> known;
    std::unordered_map<std::uint64_t, std::uint32_t> running;  ///< the CPU that runs it
    std::map<std::uint32_t, std::uint64_t> idle;               ///< by CPU
};

// The steps, in their order; each says whether the next ones have what they stand on.

/// pid, tgid, group_leader: of processes.
bool infer_identity(TaskFacts& facts);
/// Where the threads of a process hang together; adds them to the tasks.
void infer_threads(TaskFacts& facts);
/// Which task each CPU runs, and its idle task; adds the latter.
void infer_runqueue(TaskFacts& facts);
/// How many bytes the struct rq of a CPU has, as far as its symbol tells.
std::uint64_t runqueue_size(const Kernel& kernel);
/// real_parent, parent, children, sibling.
void infer_family(TaskFacts& facts);
/// stack, thread.sp, and how large a stack is.
void infer_stacks(TaskFacts& facts);
/// Where the end of a CPU's interrupt stack is kept, and which members of a struct its exception stacks are.
void infer_cpu_stacks(TaskFacts& facts);
/// mm, active_mm, flags.
void infer_address_spaces(TaskFacts& facts);
/// The CPU where a task runs or ran.
void infer_cpu(TaskFacts& facts);
/// __state, exit_state.
void infer_states(TaskFacts& facts);

}  // namespace postmortem
