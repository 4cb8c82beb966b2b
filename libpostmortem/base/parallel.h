// Splits a loop over the machine's cores.
#pragma once

#include <cstddef>
#include <functional>

namespace postmortem {

/// Does a consecutive part of a loop: the items from `first` up to, but not including, `last`.
using LoopBody = std::function<void(std::size_t first, std::size_t last)>;

/// Calls `work` for consecutive pieces of [0, count) of at most `piece` items, on up to one
/// thread a core (the caller's included), and returns when all are done. `work` must not throw. Small loops
/// stay on the caller.
void parallel_for(std::size_t count, std::size_t piece, const LoopBody& work);

/// The same for a loop whose results are wanted in order: `take` is called on the caller's thread for one
/// piece after the other, each once its `make` is done, while other threads make later ones. At most `ahead`
/// pieces are made and not yet taken, so a ring of that many can hold the results. `make` must not throw.
void parallel_in_order(std::size_t count, std::size_t piece, std::size_t ahead, const LoopBody& make,
                       const LoopBody& take);

}  // namespace postmortem
