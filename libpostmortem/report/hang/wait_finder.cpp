#include "report/hang/wait_finder.h"

#include <algorithm>

#include <fmt/format.h>

#include "report/hang/wait_words.h"
#include "report/tasks/task_mention.h"

namespace postmortem {

bool innermost_starts_with(const std::vector<std::string>& functions,
                           std::initializer_list<std::string_view> starts) {
    const auto end =
        functions.begin() + static_cast<std::ptrdiff_t>(std::min(functions.size(), innermost_functions));
    return std::any_of(functions.begin(), end, [&](std::string_view name) {
        return std::any_of(starts.begin(), starts.end(), [&](auto start) { return name.starts_with(start); });
    });
}

std::string name_in_words(const SuperBlock& block) {
    if (block.type == "bdev") return fmt::format("disk {}", block.disk);
    if (block.disk.empty() || block.disk == block.id)
        return fmt::format("file system {} ({})", block.id, block.type);
    return fmt::format("file system {} ({}, on {})", block.id, block.type, block.disk);
}

HangBlocker frozen_blocker(const SuperBlock& block) {
    return {std::nullopt, name_in_words(block), "is frozen", fmt::format("its `{}`", block.frozen_member),
            true};
}

WaitFinder::WaitFinder(const Kernel& kernel, const TaskTable& table, ProblemCollector& problems)
    : kernel_(kernel),
      table_(table),
      problems_(problems),
      locks_(kernel, table),
      waiters_(kernel, table),
      workqueues_(kernel),
      ends_(read_awaited_ends(kernel, table)),
      disks_(kernel, problems),
      grace_period_(read_grace_period(kernel)) {
    for (const Error& problem : workqueues_.problems()) problems_.add("the workqueues", problem);
    Problems missing;
    super_blocks_ = read_super_blocks(kernel, missing);
    for (const Error& problem : missing) problems_.add("the file systems", problem);
}

std::string WaitFinder::symbol_of(std::uint64_t address) const {
    const auto hit = kernel_.symbol_at(address);
    if (!hit || hit->symbol.address != address) return {};
    return hit->symbol.name;
}

HangWait WaitFinder::named(std::string kind, std::uint64_t address, std::string proof) const {
    HangWait wait;
    wait.kind = std::move(kind);
    wait.address = address;
    wait.symbol = symbol_of(address);
    wait.proof = std::move(proof);
    return wait;
}

std::optional<HangBlocker> WaitFinder::blocker(std::uint64_t task, std::string role,
                                               std::string proof) const {
    const Task* known = table_.by_address(task);
    if (!known) return std::nullopt;
    return HangBlocker{mention(*known), {}, std::move(role), std::move(proof), true};
}

bool WaitFinder::has_timer(const Task& task) const {
    const auto stack = read_sleeping_stack(kernel_, task);
    return stack && waiters_.has_timer(task, *stack);
}

std::optional<HangWait> WaitFinder::find(const Task& task, const std::vector<std::string>& functions) {
    const std::vector<std::string> inner(
        functions.begin(),
        functions.begin() + static_cast<std::ptrdiff_t>(std::min(functions.size(), innermost_functions)));
    if (const auto kind = lock_awaited_in(inner)) return lock(task, *kind, functions);
    const auto stack = read_sleeping_stack(kernel_, task);
    if (!stack) {
        problems_.add("the stack", fmt::format("of pid {}", task.pid), stack.error());
        return std::nullopt;
    }
    const auto waiters = waiters_.find(task, *stack);
    if (waiters.empty())
        return innermost_starts_with(functions, {"percpu_down_write"}) ? percpu_writer(task, *stack)
                                                                       : std::nullopt;
    const StackWaiter& waiter = waiters.front();
    switch (waiter.kind) {
        case WaiterKind::Semaphore:
            return innermost_starts_with(functions, {"__down", "___down", "down"}) ? semaphore(waiter)
                                                                                   : std::nullopt;
        case WaiterKind::Page: return page(waiter);
        case WaiterKind::Bit:
        case WaiterKind::Variable: return bit(waiter, functions);
        case WaiterKind::Simple:
        case WaiterKind::Queue: break;
    }
    if (innermost_starts_with(
            functions, {"wait_for_completion", "__wait_for_common", "do_wait_for_common", "wait_for_common"}))
        return completion(task, waiter, *stack, functions);
    if (symbol_of(waiter.function) == "percpu_rwsem_wake_function") {
        const auto head = Field::find(kernel_.types(), "percpu_rw_semaphore", {"waiters.head"});
        if (head)
            return percpu_lock(waiter.head - head->offset(),
                               "the waiter on its stack hangs in the lock's `waiters`");
    }
    return queue(waiter);
}

// ---- locks ----

std::optional<HangWait> WaitFinder::lock(const Task& task, LockKind kind,
                                         const std::vector<std::string>& functions) {
    const auto found = locks_.find(task, kind);
    if (!found) {
        HangWait wait;
        wait.kind = to_string(kind);
        wait.unknown = fmt::format("not known, because {}", found.error().message);
        problems_.add("the lock", fmt::format("that pid {} waits for", task.pid), found.error());
        return wait;
    }
    if (auto around = percpu_lock_around(*found, functions)) return around;
    HangWait wait = named(std::string(to_string(found->kind)), found->address, found->proof);
    add_owner(wait, *found);
    return wait;
}

// Until 5.7 (7f26482a872c) who waits for a percpu_rw_semaphore sleeps at the rw_semaphore within it.
std::optional<HangWait> WaitFinder::percpu_lock_around(const LockWait& found,
                                                       const std::vector<std::string>& functions) {
    const auto inner = Field::find(kernel_.types(), "percpu_rw_semaphore", {"rw_sem"});
    if (!inner || found.kind != LockKind::ReadWriteSemaphore ||
        !innermost_starts_with(functions, {"__percpu_down_read", "percpu_down_"}))
        return std::nullopt;
    HangWait wait =
        percpu_lock(found.address - inner->offset(), "the waiter on its stack hangs in the lock's `rw_sem`");
    if (!wait.blockers.empty()) return wait;
    wait.unknown.clear();
    add_owner(wait, found);
    return wait;
}

void WaitFinder::add_owner(HangWait& wait, const LockWait& found) const {
    if (found.handed_over) {
        wait.unknown = "not known, because the lock is just being handed over";
        return;
    }
    if (found.owner == 0) {
        wait.unknown = found.owner_is_reader
                           ? "not known, because the lock counts its readers and does not name them"
                           : "not known, because the lock names no owner";
        return;
    }
    auto owner = blocker(
        found.owner, found.owner_is_reader ? "is the last reader on record" : "holds it",
        found.owner_is_reader ? "the lock's `owner`, which readers leave behind" : "the lock's `owner`");
    if (!owner) {
        wait.unknown = fmt::format("not known, because the owner on record, {:#x}, is no task{}", found.owner,
                                   table_.problems.empty() ? " any more" : " that could be read");
        return;
    }
    owner->certain = !found.owner_is_reader;
    wait.blockers.push_back(std::move(*owner));
}

std::optional<HangWait> WaitFinder::semaphore(const StackWaiter& waiter) {
    const auto list = Field::find(kernel_.types(), "semaphore", {"first_waiter", "wait_list"});
    if (!list) return std::nullopt;
    HangWait wait =
        named("semaphore", waiter.head - list->offset(), "the waiter on its stack is one of the semaphore's");
    // 194a9b9e843b (6.16), with CONFIG_DETECT_HUNG_TASK_BLOCKER
    const std::uint64_t last = kernel_.object("semaphore", wait.address)["last_holder"].u64_or(0);
    auto holder =
        last != 0 ? blocker(last, "was the last to take it", "the semaphore's `last_holder`") : std::nullopt;
    if (holder) {
        holder->certain = false;
        wait.blockers.push_back(std::move(*holder));
    } else {
        wait.unknown = "not known, because a semaphore does not name who took it";
    }
    return wait;
}

HangWait WaitFinder::percpu_lock(std::uint64_t address, std::string proof) {
    HangWait wait = named("percpu_rw_semaphore", address, std::move(proof));
    for (const SuperBlock& block : super_blocks_) {
        if (address < block.locks || address >= block.locks_end) continue;
        wait.detail = fmt::format("the write lock of {}", name_in_words(block));
        if (block.frozen) wait.blockers.push_back(frozen_blocker(block));
    }
    const std::uint64_t writer = kernel_.object("percpu_rw_semaphore", address)["writer"]["task"].u64_or(0);
    if (wait.blockers.empty() && writer != 0)
        if (auto task =
                blocker(writer, "wants to write, and waits for its readers", "the lock's `writer.task`"))
            wait.blockers.push_back(std::move(*task));
    if (wait.blockers.empty()) wait.unknown = "not known, because the lock does not name its writer";
    return wait;
}

// percpu_down_write() waits for the readers to leave; they are counted and not named.
std::optional<HangWait> WaitFinder::percpu_writer(const Task& task, const SleepingStack& stack) {
    const auto writer = Field::find(kernel_.types(), "percpu_rw_semaphore", {"writer.task"});
    if (!writer) return std::nullopt;
    // Registers that were saved on the stack name the lock, or its member that is waited at.
    for (const std::uint64_t word : stack.words) {
        if (word % stack.word_size != 0 || word == 0 || stack.range.holds(word, stack.word_size)) continue;
        for (const std::uint64_t lock : {word, word - writer->offset()}) {
            if (writer->u64_or(kernel_.memory(), lock, 0) != task.address) continue;
            HangWait wait = named("percpu_rw_semaphore", lock, "the lock's `writer.task` is this task");
            wait.detail = "until its readers have left";
            wait.unknown = "not known, because the lock counts its readers and does not name them";
            return wait;
        }
    }
    return std::nullopt;
}

}  // namespace postmortem
