// Waiters that hang in a ring of their own, with no list's head in it: the lock points at the first of them
// (RHEL 7's rw_semaphore; mutexes and semaphores, too, by 7.2). Nothing in the ring leads to the lock, but
// those who wait will need it again, and so it lies on their stacks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/locking/stack_waiters.h"
#include "object/field.h"

namespace postmortem {

/// Where the pointer at the first one lies: `first` of a lock that the stack of one of them names.
std::optional<std::uint64_t> pointer_at_ring(const AddressSpace& memory, const SleepingStack& stack,
                                             const std::vector<std::uint64_t>& ring, const Field& first);

}  // namespace postmortem
