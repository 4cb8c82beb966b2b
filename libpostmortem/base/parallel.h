// Splits a loop over the machine's cores.
#pragma once

#include <cstddef>
#include <functional>

namespace postmortem {

/// Calls `work(first, last)` for consecutive pieces of [0, count) of at most `piece` items, on up to one
/// thread a core (the caller's included), and returns when all are done. `work` must not throw. Small loops
/// stay on the caller.
void parallel_for(std::size_t count, std::size_t piece,
                  const std::function<void(std::size_t, std::size_t)>& work);

}  // namespace postmortem
