// The kernel's red-black trees (include/linux/rbtree.h), walked with a bound; a tree that is no tree is told.
#pragma once

#include <cstdint>
#include <functional>

#include "memory/address_space.h"

namespace postmortem {

constexpr std::size_t default_tree_limit = 1u << 20;

/// Calls `visit` with the address of each rb_node in the tree of the rb_root (or rb_root_cached) at `root`,
/// in order, until it returns false. What hangs below a node that cannot be read, or that does not name its
/// parent, is left out, the rest is visited; then the first such error is returned.
Result<void> for_each_rb_node(const AddressSpace& memory, std::uint64_t root,
                              const std::function<bool(std::uint64_t node)>& visit,
                              std::size_t limit = default_tree_limit);

}  // namespace postmortem
