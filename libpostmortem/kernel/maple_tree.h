// The kernel's maple tree (lib/maple_tree.c, include/linux/maple_tree.h, since 6.1): ranges of numbers, each
// with a pointer. Areas of address spaces, interrupts and kernel regions are kept in such trees.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "object/object.h"

namespace postmortem {

/// A range of numbers that has an entry, and the slots on the way to it, the root's node first.
struct MapleEntry {
    std::uint64_t first = 0, last = 0;
    std::uint64_t entry = 0;
    std::span<const std::uint32_t> slots;
};

/// The same as below, from what a root holds: a node, an entry, or nothing.
void walk_maple_tree(const AddressSpace& memory, const TypeFinder& types, std::uint64_t root,
                     const std::function<bool(const MapleEntry&)>& visit, const std::function<void(Error)>& broken);

/// Calls `visit(first, last, entry)` for every range that has an entry, in order, until it returns false.
/// `tree` is a struct maple_tree. A node that cannot be read, or that is none, costs its own ranges: `broken`
/// is told, and the walk goes on.
void for_each_maple_entry(
    const Object& tree,
    const std::function<bool(std::uint64_t first, std::uint64_t last, std::uint64_t entry)>& visit,
    const std::function<void(Error)>& broken);

}  // namespace postmortem
