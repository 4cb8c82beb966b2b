// A kernel that brings no types along, of one of several generations: its struct task_struct is laid out by a
// table of offsets, and between the members lie others that look alike.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/fake_kernel.h"

namespace postmortem::test {

/// Offsets in struct task_struct; a member that this generation lacks is absent.
struct TaskGeneration {
    std::string_view name;
    std::uint64_t size = 0;
    std::uint64_t stack_bytes = 0;
    bool info_on_stack = false;  ///< a thread_info at the stack's start names the task and its CPU
    bool numbered_idle = true;   ///< "swapper/1", not "swapper"
    /// As 2.6.32: per-CPU symbols bear a prefix, threads are among their parent's children, init_task's links
    /// to its threads are null.
    bool is_oldest = false;
    std::uint32_t dead = 0x80, zombie = 0x20;
    std::map<std::string, std::uint64_t, std::less<>> at;
    FakeBuild build = FakeBuild::X86_64;
};

/// As laid out in 2.6.32 (of both widths), 3.10, 4.18, 5.4, 5.10 and 6.1 (the members' order; what lies
/// between them is made up).
const std::vector<TaskGeneration>& task_generations();

class UntypedKernel {
  public:
    explicit UntypedKernel(const TaskGeneration& generation);

    struct Made {
        std::int32_t pid = 0, tgid = 0;
        std::uint64_t address = 0, stack = 0;
    };

    FakeKernel& fake() { return fake_; }
    /// By pid; the idle task of CPU 1 is not among them.
    const Made& task(std::int32_t pid) const { return tasks_.at(pid); }
    const std::map<std::int32_t, Made>& tasks() const { return tasks_; }
    std::uint64_t place(std::int32_t pid, std::string_view member) const {
        return task(pid).address + generation_.at.at(std::string(member));
    }
    bool has(std::string_view member) const { return generation_.at.contains(member); }

    std::uint64_t idle() const { return idle_.address; }  ///< of CPU 1
    std::uint64_t word() const { return fake_.word(); }
    /// In the thread_info of 2.6.32 and 3.10: behind two pointers and two numbers.
    std::uint64_t cpu_on_stack() const { return 2 * word() + 8; }
    std::uint64_t resume() const { return resume_; }  ///< where those go on that do not run …
    std::uint64_t fork() const { return fork_; }      ///< … and those that never have

    /// Opened without types.
    std::unique_ptr<Kernel> open();

  private:
    void make_task(std::int32_t pid, std::int32_t tgid, std::string_view comm);
    void put_word(std::uint64_t task, std::string_view member, std::uint64_t value);
    void put_int(std::uint64_t task, std::string_view member, std::uint32_t value);
    void lay_decoys(std::uint64_t task, std::uint32_t seed);
    void make_stack(Made& task, std::uint32_t cpu, std::uint64_t used);
    void make_threads();
    void make_families();
    void make_cpus();

    const TaskGeneration& generation_;
    FakeKernel fake_;
    std::map<std::int32_t, Made> tasks_;
    Made idle_;
    std::map<std::int32_t, std::uint64_t> spaces_;  ///< mm_structs by tgid
    std::uint64_t init_signals_ = 0, init_stack_ = 0, resume_ = 0, fork_ = 0;
};

}  // namespace postmortem::test
