#include "kernel/mm/slab_arrays.h"

#include "kernel/mm/numa.h"
#include "kernel/percpu.h"

namespace postmortem {

Result<SlabArrays> SlabArrays::open(const Kernel& kernel) {
    SlabArrays arrays(kernel);
    const TypeFinder& types = kernel.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    // Per-CPU memory since 3.18 (bf0dea23a9c0).
    arrays.per_cpu_ = Field::find(types, "kmem_cache", {"cpu_cache"}).has_value();
    arrays.arrays_ = find("kmem_cache", {"cpu_cache", "array"});
    arrays.nodes_ = find("kmem_cache", {"node", "nodelists"});
    const bool old = !Field::find(types, "kmem_cache_node", {"slabs_partial"});
    arrays.shared_ = find(old ? "kmem_list3" : "kmem_cache_node", {"shared"});
    arrays.alien_ = find(old ? "kmem_list3" : "kmem_cache_node", {"alien"});
    arrays.available_ = find("array_cache", {"avail"});
    arrays.limit_ = find("array_cache", {"limit"});
    if (missing) return fail(std::move(*missing));
    // A struct around the array since 3.18 (c8522a3a5832).
    arrays.in_alien_ = types.offset_of("alien_cache", "ac").value_or(0);
    const auto cpus = cpu_limit(kernel);
    const auto nodes = read_memory_nodes(kernel);
    if (!cpus || !nodes) return fail(!cpus ? cpus.error() : nodes.error());
    arrays.cpus_ = *cpus;
    for (const MemoryNode& node : *nodes) arrays.node_ids_.push_back(node.id);
    return arrays;
}

Result<std::uint64_t> SlabArrays::kept(std::uint64_t cache) const {
    std::uint64_t sum = 0;
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
        const auto part = of_cpu(cache, cpu);
        if (!part) return part;
        sum += *part;
    }
    for (const std::uint32_t id : node_ids_) {
        const auto part = of_node(cache, id);
        if (!part) return part;
        sum += *part;
    }
    return sum;
}

Result<std::uint64_t> SlabArrays::element(std::uint64_t array, std::uint32_t index) const {
    return memory_.word(array + std::uint64_t{memory_.word_size()} * index);
}

Result<std::uint64_t> SlabArrays::of_cpu(std::uint64_t cache, std::uint32_t cpu) const {
    if (!per_cpu_) {
        const auto array = element(arrays_.address_in(cache), cpu);
        return array ? available(*array) : array;
    }
    const auto base = arrays_.u64(memory_, cache);
    if (!base || *base == 0) return base;
    const auto array = per_cpu_address(kernel_, *base, cpu);
    return array ? available(*array) : array;
}

Result<std::uint64_t> SlabArrays::of_node(std::uint64_t cache, std::uint32_t id) const {
    // An array of its own, to which the cache points, from 3.6 to 3.17.
    const bool is_array = nodes_.elements() != 0;
    const auto lists = is_array ? Result<std::uint64_t>(nodes_.address_in(cache)) : nodes_.u64(memory_, cache);
    if (!lists || *lists == 0) return lists;
    const auto node = element(*lists, id);
    if (!node || *node == 0) return node;
    const auto array = shared_.u64(memory_, *node);
    const auto own = array ? available(*array) : array;
    const auto foreign = others(*node);
    if (!own || !foreign) return own ? foreign : own;
    return *own + *foreign;
}

// Where there is but one node, there are none, or a mark in their place.
Result<std::uint64_t> SlabArrays::others(std::uint64_t node) const {
    const auto arrays = alien_.u64(memory_, node);
    if (!arrays) return arrays;
    if (!kernel_.is_of_kernel(*arrays)) return 0;
    std::uint64_t sum = 0;
    for (const std::uint32_t id : node_ids_) {
        const auto array = element(*arrays, id);
        const auto part = array && *array != 0 ? available(*array + in_alien_) : array;
        if (!part) return part;
        sum += *part;
    }
    return sum;
}

Result<std::uint64_t> SlabArrays::available(std::uint64_t array) const {
    if (array == 0) return 0;
    const auto count = available_.u64(memory_, array), most = limit_.u64(memory_, array);
    if (!count || !most) return count ? most : count;
    if (*count > *most) return fail(ErrorCode::Corrupt, "an array of free objects holds more than it can", array);
    return count;
}

}  // namespace postmortem
