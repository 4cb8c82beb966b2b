#include "kernel/locking/stack_waiters.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"
#include "kernel/locking/waiter_ring.h"

namespace postmortem {
namespace {

constexpr std::size_t most_in_ring = 100'000;

struct WaiterStruct {
    WaiterKind kind;
    std::string_view name;
    std::string_view task, link, function;
};

// wait_queue_entry has its name since 4.13 (ac6424b981bc), its member `entry` since 2055da97389a.
constexpr WaiterStruct waiter_structs[] = {
    {WaiterKind::Queue, "wait_queue_entry", "private", "entry", "func"},
    {WaiterKind::Queue, "__wait_queue", "private", "task_list", "func"},
    {WaiterKind::Simple, "swait_queue", "task", "task_list", ""},
    {WaiterKind::Semaphore, "semaphore_waiter", "task", "list", ""},
};

}  // namespace

Result<SleepingStack> read_sleeping_stack(const Kernel& kernel, const Task& task) {
    SleepingStack stack;
    stack.range = Stacks(kernel).of_task(task.stack);
    stack.word_size = kernel.memory().word_size();
    const auto sp = kernel.object("task_struct", task.address).path(kernel.arch().saved_sp).u64();
    if (!sp) return fail(sp.error());
    stack.first = align_down(*sp, stack.word_size);
    if (!stack.range.holds(stack.first, stack.word_size))
        return fail(ErrorCode::Corrupt, fmt::format("pid {} does not sleep on its own stack", task.pid), *sp);
    for (std::uint64_t at = stack.first; stack.range.holds(at, stack.word_size); at += stack.word_size) {
        const auto word = kernel.memory().word(at);
        if (!word) return fail(word.error());
        stack.words.push_back(*word);
    }
    return stack;
}

StackWaiterFinder::StackWaiterFinder(const Kernel& kernel, const TaskTable& table) : kernel_(kernel) {
    for (const Task& task : table.tasks) tasks_.insert(task.address);
    for (const WaiterStruct& known : waiter_structs) {
        const auto find = [&](std::string_view member) {
            return Field::find(kernel.types(), known.name, {member}).value_or(Field());
        };
        Layout layout{known.kind, find(known.task), find(known.link), {}, {}};
        if (!known.function.empty()) layout.function = find(known.function);
        if (known.kind == WaiterKind::Semaphore)
            layout.first = Field::find(kernel.types(), "semaphore", {"first_waiter"}).value_or(Field());
        if (layout.task.present() && layout.link.present()) layouts_.push_back(layout);
    }
}

std::vector<StackWaiter> StackWaiterFinder::find(const Task& task, const SleepingStack& stack) const {
    std::vector<StackWaiter> found;
    for (std::size_t i = 0; i < stack.words.size(); ++i) {
        if (stack.words[i] != task.address) continue;
        const std::uint64_t slot = stack.first + i * stack.word_size;
        for (const Layout& layout : layouts_) {
            if (slot < stack.first + layout.task.offset()) continue;
            if (auto waiter = waiter_at(layout, slot - layout.task.offset(), stack)) {
                found.push_back(*waiter);
                break;
            }
        }
    }
    return found;
}

std::optional<StackWaiter> StackWaiterFinder::waiter_at(const Layout& layout, std::uint64_t entry,
                                                        const SleepingStack& stack) const {
    StackWaiter waiter{layout.kind, entry, 0, 0, 0, 0};
    if (layout.function.present()) {
        waiter.function = layout.function.u64_or(kernel_.memory(), entry, 0);
        if (!is_function(waiter.function)) return std::nullopt;
    }
    const auto head = head_of(layout, layout.link.address_in(entry), stack);
    if (!head) return std::nullopt;
    waiter.head = *head;
    add_key(waiter);
    return waiter;
}

bool StackWaiterFinder::is_function(std::uint64_t address) const {
    const auto hit = address == 0 ? fail(ErrorCode::NotFound, "no function") : kernel_.symbol_at(address);
    return hit && hit->symbol.address == address;
}

bool StackWaiterFinder::is_waiter(const Layout& layout, std::uint64_t node) const {
    const std::uint64_t entry = node - layout.link.offset();
    if (layout.function.present()) return is_function(layout.function.u64_or(kernel_.memory(), entry, 0));
    return tasks_.contains(layout.task.u64_or(kernel_.memory(), entry, 0));
}

// Waiters hang in a ring; the one node in it that is no waiter is the list's head.
std::optional<std::uint64_t> StackWaiterFinder::head_of(const Layout& layout, std::uint64_t first,
                                                        const SleepingStack& stack) const {
    const AddressSpace& memory = kernel_.memory();
    std::vector<std::uint64_t> ring;
    for (std::uint64_t node = first; ring.size() < most_in_ring;) {
        ring.push_back(node);
        const auto next = memory.word(node);
        const auto back = next ? memory.word(*next + memory.word_size()) : fail(next.error());
        if (!back || *back != node) return std::nullopt;
        if (*next == first)
            return layout.first.present() ? pointer_at_ring(memory, stack, ring, layout.first) : std::nullopt;
        if (!is_waiter(layout, *next)) return *next;
        node = *next;
    }
    return std::nullopt;
}

// What an entry stands in tells its function: wait_bit_queue_entry, wait_page_queue.
void StackWaiterFinder::add_key(StackWaiter& waiter) const {
    if (waiter.kind != WaiterKind::Queue) return;
    const auto hit = kernel_.symbol_at(waiter.function);
    if (!hit) return;
    const AddressSpace& memory = kernel_.memory();
    const auto read =
        [&](WaiterKind kind, std::string_view name, std::initializer_list<std::string_view> self,
            std::initializer_list<std::string_view> key, std::initializer_list<std::string_view> bit) {
            const auto inner = Field::find(kernel_.types(), name, self),
                       word = Field::find(kernel_.types(), name, key),
                       number = Field::find(kernel_.types(), name, bit);
            if (!inner || !word || !number) return;
            const std::uint64_t whole = waiter.entry - inner->offset();
            const auto value = word->u64(memory, whole);
            const auto index = number->i64(memory, whole);
            if (!value || !index) return;
            waiter.kind = kind;
            waiter.key = *value;
            waiter.bit = *index;
        };
    const std::string_view name = hit->symbol.name;
    if (name == "wake_bit_function" || name == "var_wake_function") {
        const WaiterKind kind = name == "wake_bit_function" ? WaiterKind::Bit : WaiterKind::Variable;
        for (const char* structure : {"wait_bit_queue_entry", "wait_bit_queue"})  // the latter until 4.13
            read(kind, structure, {"wq_entry", "wait"}, {"key.flags"}, {"key.bit_nr"});
    }
    // `folio` since 5.16 (6974d7c977d7)
    if (name == "wake_page_function")
        read(WaiterKind::Page, "wait_page_queue", {"wait"}, {"folio", "page"}, {"bit_nr"});
}

// schedule_timeout() has a timer on the stack of the task (kernel/time/sleep_timeout.c, before 6.13 timer.c);
// it is running while the list that it hangs in points at it. What is left of an earlier one may look like
// that, where a waiter lies in its place: the caller knows whether the task is in such a function at all.
bool StackWaiterFinder::has_timer(const Task& task, const SleepingStack& stack) const {
    const auto timeout = kernel_.symbol("process_timeout"), wakeup = kernel_.symbol("hrtimer_wakeup");
    for (std::size_t i = 0; i < stack.words.size(); ++i) {
        const std::uint64_t slot = stack.first + i * stack.word_size;
        if (timeout && stack.words[i] == *timeout && is_running_timer(slot)) return true;
        if (wakeup && stack.words[i] == *wakeup && is_running_sleeper(slot, task)) return true;
    }
    return false;
}

// A node of an hlist: its pprev points at what points at it, and so does its successor's
// (include/linux/types.h). Until 4.2 (1dabbcec2c0a) of a ring, where one that is alone has the same on both
// sides.
bool StackWaiterFinder::is_running_timer(std::uint64_t slot) const {
    const AddressSpace& memory = kernel_.memory();
    const auto entry = Field::find(kernel_.types(), "timer_list", {"entry"}),
               function = Field::find(kernel_.types(), "timer_list", {"function"});
    if (!entry || !function) return false;
    const std::uint64_t node = entry->address_in(slot - function->offset());
    const auto next = memory.word(node), link = memory.word(node + memory.word_size());
    if (!next || !link || *link == 0) return false;
    const auto pointed = memory.word(*link);
    if (!pointed || *pointed != node) return false;
    const bool is_ring = Field::find(kernel_.types(), "timer_list", {"entry.prev"}).has_value();
    if (*next == 0) return !is_ring;
    const auto back = memory.word(*next + memory.word_size());
    return back && *back == node && (is_ring || *next != *link);
}

bool StackWaiterFinder::is_running_sleeper(std::uint64_t slot, const Task& task) const {
    // hrtimer.function became _function in 6.16, its state is_queued in 7.1
    const auto state = Field::find(kernel_.types(), "hrtimer", {"is_queued", "state"}),
               function = Field::find(kernel_.types(), "hrtimer", {"_function", "function"}),
               sleeper = Field::find(kernel_.types(), "hrtimer_sleeper", {"task"});
    if (!state || !function || !sleeper) return false;
    const std::uint64_t timer = slot - function->offset();
    return state->u64_or(kernel_.memory(), timer, 0) == 1 &&
           sleeper->u64_or(kernel_.memory(), timer, 0) == task.address;
}

}  // namespace postmortem
