// Memory nodes: struct pglist_data (include/linux/mmzone.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

struct MemoryNode {
    std::uint32_t id = 0;
    std::uint64_t address = 0;  ///< of its pglist_data
    std::uint64_t start_pfn = 0;
    std::uint64_t spanned_pages = 0;
    std::uint64_t present_pages = 0;
};

/// The nodes that are online, ascending.
Result<std::vector<MemoryNode>> read_memory_nodes(const Kernel& kernel);

/// The frame behind all of them; nothing where there are none, or their numbers are impossible.
std::optional<std::uint64_t> end_of_nodes(const std::vector<MemoryNode>& nodes);

/// The one that a page frame is of; nothing where none spans it.
std::optional<std::uint32_t> node_of_frame(const std::vector<MemoryNode>& nodes, std::uint64_t frame);

}  // namespace postmortem
