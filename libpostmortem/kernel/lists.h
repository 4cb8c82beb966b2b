// The kernel's linked lists (include/linux/list.h), walked with a bound and a cycle check.
#pragma once

#include <cstdint>
#include <functional>

#include "memory/address_space.h"

namespace postmortem {

constexpr std::size_t default_list_limit = 1u << 22;

/// Calls `visit` with the address of each list_head after `head`, until it returns false or the list comes
/// back to `head`. Errors: the memory's own where a node cannot be read; Corrupt where the list loops without
/// meeting its head or exceeds `limit`. Nodes seen before the error have been visited.
Result<void> for_each_list_node(const AddressSpace& memory, std::uint64_t head,
                                const std::function<bool(std::uint64_t node)>& visit,
                                std::size_t limit = default_list_limit);

/// The same against the list's direction: through list_head.prev.
Result<void> for_each_list_node_backwards(const AddressSpace& memory, std::uint64_t head,
                                          const std::function<bool(std::uint64_t node)>& visit,
                                          std::size_t limit = default_list_limit);

}  // namespace postmortem
