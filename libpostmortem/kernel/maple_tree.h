// The kernel's maple tree (lib/maple_tree.c, include/linux/maple_tree.h, since 6.1): ranges of numbers, each
// with a pointer. Areas of address spaces, interrupts and kernel regions are kept in such trees.
#pragma once

#include <cstdint>
#include <functional>

#include "object/object.h"

namespace postmortem {

/// Calls `visit(first, last, entry)` for every range that has an entry, in order, until it returns false.
/// `tree` is a struct maple_tree. A node that cannot be read, or that is none, costs its own ranges: `broken`
/// is told, and the walk goes on.
void for_each_maple_entry(
    const Object& tree,
    const std::function<bool(std::uint64_t first, std::uint64_t last, std::uint64_t entry)>& visit,
    const std::function<void(Error)>& broken);

}  // namespace postmortem
