// The waiters that a sleeping task keeps on its own stack: entries of wait queues (include/linux/wait.h,
// wait_bit.h, swait.h, pagemap.h) and of semaphores (kernel/locking/semaphore.c). Each hangs in a list whose
// head lies in what is waited for, and that is the proof: links that point back.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "kernel/sched/tasks.h"
#include "kernel/symbol_finder.h"
#include "kernel/unwind/stacks.h"

namespace postmortem {

/// The live part of a sleeping task's stack: from the saved stack pointer up.
struct SleepingStack {
    StackRange range;
    std::uint64_t first = 0;  ///< address of words[0]
    std::uint64_t word_size = 8;
    std::vector<std::uint64_t> words;

    bool holds(std::uint64_t address) const { return address >= first && address < range.high; }
};

/// Errors: those of the memory; Corrupt where the saved stack pointer lies elsewhere.
Result<SleepingStack> read_sleeping_stack(const Kernel& kernel, const Task& task);

enum class WaiterKind : std::uint8_t {
    Queue,      ///< wait_queue_entry
    Bit,        ///< wait_on_bit(): until a bit of a word is clear
    Variable,   ///< wait_var_event()
    Page,       ///< until a page or folio is unlocked, or written back
    Simple,     ///< swait_queue: completions since 5.7 (a5c6234e1028)
    Semaphore,  ///< semaphore_waiter, or another waiter of that form: the caller knows
};

struct StackWaiter {
    WaiterKind kind = WaiterKind::Queue;
    std::uint64_t entry = 0;     ///< on the stack
    std::uint64_t head = 0;      ///< the list_head that it hangs in, or the pointer at the first waiter
    std::uint64_t function = 0;  ///< that wakes it up; 0 where the kind has none
    std::uint64_t key = 0;       ///< Bit: the word; Variable: the variable; Page: the struct page or folio
    std::int64_t bit = 0;
};

/// Borrows the kernel and the table. For one thread.
class StackWaiterFinder {
  public:
    StackWaiterFinder(const Kernel& kernel, const TaskTable& table);

    /// Those that hang in a list, innermost first.
    std::vector<StackWaiter> find(const Task& task, const SleepingStack& stack) const;
    /// Whether a timer that is running will wake the task up, of one that is in schedule_timeout() or its
    /// kin.
    bool has_timer(const Task& task, const SleepingStack& stack) const;

  private:
    struct Layout {
        WaiterKind kind;
        Field task, link, function;
        Field first;  ///< of what is waited for, where that has no list's head
    };
    std::optional<StackWaiter> waiter_at(const Layout& layout, std::uint64_t entry,
                                         const SleepingStack& stack) const;
    std::optional<std::uint64_t> head_of(const Layout& layout, std::uint64_t node,
                                         const SleepingStack& stack) const;
    bool is_waiter(const Layout& layout, std::uint64_t node) const;
    bool is_function(std::uint64_t address) const;
    bool is_running_timer(std::uint64_t slot) const;
    bool is_running_sleeper(std::uint64_t slot, const Task& task) const;
    void add_key(StackWaiter& waiter) const;

    const Kernel& kernel_;
    std::unordered_set<std::uint64_t> tasks_;
    std::vector<Layout> layouts_;
};

}  // namespace postmortem
