#include "kernel/mm/memcg_lists.h"

#include <algorithm>

#include "kernel/mm/numa.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_zones = 16;

// The arrays of one node that have a number for each list, one zone behind the other: lru_zone_size
// since 4.10 (b4536f0c829c), lru_size since 3.3, inside the zones until 4.8 (ef8f2327996b), and `count`
// before.
std::vector<Object> lengths_of(const Object& node) {
    for (const char* of_node : {"lru_zone_size", "lru_size"})
        if (node.has(of_node)) return {node[of_node]};
    const Object zones = node["zoneinfo"];
    if (!zones.ok()) return {zones};
    std::vector<Object> lengths;
    for (std::uint64_t zone = 0; zone < std::min<std::uint64_t>(zones.type().count, most_zones); ++zone)
        lengths.push_back(zones.at(zone).first_of({"lru_size", "count"}));
    return lengths;
}

}  // namespace

Result<MemcgLists> MemcgLists::open(const Kernel& kernel) {
    const TypeFinder& types = kernel.types();
    const bool by_node = types.offset_of("mem_cgroup_per_node", "lru_zone_size") ||
                         types.offset_of("mem_cgroup_per_node", "lru_size") ||
                         types.offset_of("mem_cgroup_per_node", "zoneinfo");
    if (!by_node)
        return fail(ErrorCode::NotFound, "control groups of this kernel count their lists elsewhere");
    const auto nodes = read_memory_nodes(kernel);
    if (!nodes) return fail(nodes.error());
    MemcgLists lists(kernel);
    for (const MemoryNode& node : *nodes) lists.nodes_.push_back(node.id);
    return lists;
}

Result<std::array<std::int64_t, MemcgLists::names.size()>> MemcgLists::pages(std::uint64_t memcg) const {
    std::array<std::int64_t, names.size()> pages{};
    const Object group = kernel_->object("mem_cgroup", memcg);
    const Object nodes = group.has("nodeinfo") ? group["nodeinfo"] : group.path("info.nodeinfo");
    for (const std::uint32_t id : nodes_) {
        for (const Object& lengths : lengths_of(nodes.at(id))) {
            if (!lengths.ok()) return fail(*lengths.error());
            const std::uint64_t count = std::min(lengths.type().count, most_zones * names.size());
            for (std::uint64_t i = 0; i < count; ++i) {
                const auto length = lengths.at(i).u64();
                if (!length) return fail(length.error());
                std::int64_t& sum = pages[i % names.size()];
                sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) + *length);
            }
        }
    }
    return pages;
}

}  // namespace postmortem
