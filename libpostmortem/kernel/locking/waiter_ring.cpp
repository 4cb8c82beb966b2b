#include "kernel/locking/waiter_ring.h"

#include <unordered_set>

namespace postmortem {

std::optional<std::uint64_t> pointer_at_ring(const AddressSpace& memory, const SleepingStack& stack,
                                             const std::vector<std::uint64_t>& ring, const Field& first) {
    const std::unordered_set<std::uint64_t> waiters(ring.begin(), ring.end());
    for (const std::uint64_t lock : stack.words) {
        // A waiter's own links point at waiters as a lock does.
        if (lock == 0 || lock % stack.word_size != 0 || stack.range.holds(lock, 1) || waiters.contains(lock))
            continue;
        const auto pointer = memory.word(first.address_in(lock));
        if (pointer && waiters.contains(*pointer)) return first.address_in(lock);
    }
    return std::nullopt;
}

}  // namespace postmortem
