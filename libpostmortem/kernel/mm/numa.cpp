#include "kernel/mm/numa.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/checked.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_memory_nodes = 1024;  // CONFIG_NODES_SHIFT is at most 10

Result<MemoryNode> read_node(const Object& node) {
    const auto id = node["node_id"].u64(), start = node["node_start_pfn"].u64(),
               spanned = node["node_spanned_pages"].u64(), present = node["node_present_pages"].u64();
    for (const auto* value : {&id, &start, &spanned, &present})
        if (!*value) return fail(value->error());
    return MemoryNode{static_cast<std::uint32_t>(*id), node.address(), *start, *spanned, *present};
}

Result<std::vector<std::uint64_t>> online_nodes(const Kernel& kernel) {
    // VMCOREINFO gives node_states[N_ONLINE] under its older name.
    const auto mask = kernel.symbol("node_online_map");
    if (!mask) return fail(mask.error());
    const std::uint64_t bytes = kernel.vmcoreinfo().size("nodemask_t").value_or(kernel.memory().word_size());
    const std::uint64_t word_bits = kernel.memory().word_size() * 8;
    std::vector<std::uint64_t> nodes;
    for (std::uint64_t first = 0; first < std::min(bytes * 8, most_memory_nodes); first += word_bits) {
        const auto bits = kernel.memory().word(*mask + first / 8);
        if (!bits) return fail(bits.error());
        for (std::uint64_t bit = 0; bit < word_bits; ++bit)
            if (*bits >> bit & 1) nodes.push_back(first + bit);
    }
    return nodes;
}

}  // namespace

Result<std::vector<MemoryNode>> read_memory_nodes(const Kernel& kernel) {
    std::vector<MemoryNode> nodes;
    const auto table = kernel.symbol("node_data");
    if (!table) {
        if (table.error().code != ErrorCode::NotFound) return fail(table.error());
        // CONFIG_NUMA=n: one node, no table.
        const auto node = read_node(kernel.variable("contig_page_data", "pglist_data"));
        if (!node) return fail(node.error());
        nodes.push_back(*node);
        return nodes;
    }
    const auto online = online_nodes(kernel);
    if (!online) return fail(online.error());
    for (const std::uint64_t id : *online) {
        const auto pointer = kernel.memory().word(*table + kernel.memory().word_size() * id);
        if (!pointer) return fail(pointer.error());
        const auto node = read_node(kernel.object("pglist_data", *pointer));
        if (!node) return fail(node.error());
        nodes.push_back(*node);
    }
    return nodes;
}

std::optional<std::uint64_t> end_of_nodes(const std::vector<MemoryNode>& nodes) {
    std::uint64_t last = 0;
    for (const MemoryNode& node : nodes) {
        const auto end = checked_add(node.start_pfn, node.spanned_pages);
        if (!end) return std::nullopt;
        last = std::max(last, *end);
    }
    return last != 0 ? std::optional(last) : std::nullopt;
}

std::optional<std::uint32_t> node_of_frame(const std::vector<MemoryNode>& nodes, std::uint64_t frame) {
    for (const MemoryNode& node : nodes)
        if (frame >= node.start_pfn && frame - node.start_pfn < node.spanned_pages) return node.id;
    return std::nullopt;
}

}  // namespace postmortem
