#include "report/kernel_memory/slab_rows.h"

#include <algorithm>

namespace postmortem {

std::vector<MemoryNode> memory_nodes(const Kernel& kernel, ProblemCollector& problems) {
    auto nodes = read_memory_nodes(kernel);
    if (nodes) return std::move(*nodes);
    problems.add("the nodes of memory", nodes.error());
    return {};
}

std::optional<std::uint32_t> node_of(const Kernel& kernel, const std::vector<MemoryNode>& nodes,
                                     std::uint64_t address) {
    const auto physical = kernel.memory().translate(address);
    return physical ? node_of_frame(nodes, *physical / kernel.physical().page_size()) : std::nullopt;
}

SlabObjectState object_state(const SlabObject& object) {
    using State = SlabObject::State;
    return {object.address, object.is_free(), object.state == State::InUseOrSheaf,
            object.cpu,     object.node,      object.state == State::InSheaf};
}

Result<std::vector<SlabObjectState>> object_states(const SlabObjects& objects, const Slab& slab) {
    const auto found = objects.objects_of(slab);
    if (!found) return fail(found.error());
    std::vector<SlabObjectState> states;
    for (const SlabObject& one : *found) states.push_back(object_state(one));
    return states;
}

std::uint32_t allocated_objects(const Slab& slab) {
    return slab.in_use - static_cast<std::uint32_t>(std::min<std::uint64_t>(slab.kept_free, slab.in_use));
}

}  // namespace postmortem
