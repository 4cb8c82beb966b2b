#include "kernel/mm/slab_caches.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "kernel/mm/slab_counts.h"
#include "kernel/mm/slab_lists.h"
#include "kernel/mm/slab_roots.h"
#include "kernel/mm/slab_sheaves.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_caches = 100000;
constexpr std::size_t longest_cache_name = 128;
// Looked at in each node's list of partial slabs; the kernel itself (since 6.10) stops at 10,000.
constexpr std::size_t most_partial_slabs = 1u << 18;
constexpr std::uint64_t highest_slab_order = 20;

// Where struct slab, or struct page before 5.17 (d122019bf061), keeps what a partial slab tells.
struct SlabLayout {
    std::uint64_t list = 0;  ///< offset of the list node
    SlabCounts counts;
    static Result<SlabLayout> find(const TypeFinder& types);
};

Result<SlabLayout> SlabLayout::find(const TypeFinder& types) {
    const bool own = types.find_struct("slab").has_value();
    const auto type = types.find_struct(own ? "slab" : "page");
    if (!type) return fail(type.error());
    // slab_list since 5.3 (916ac0527837); before, the page's lru.
    auto list = types.member(*type, "slab_list");
    if (!list) list = types.member(*type, "lru");
    if (!list) return fail(list.error());
    const auto counts = SlabCounts::find(types, *type);
    if (!counts) return fail(counts.error());
    return SlabLayout{list->offset(), *counts};
}

class SlabReader {
  public:
    explicit SlabReader(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()), sheaves_(kernel) {}

    SlabCacheList read() {
        if (auto ready = prepare(); !ready) {
            problems_.add("the slab caches", ready.error());
        } else if (const auto head = kernel_.symbol("slab_caches"); !head) {
            problems_.add("the slab caches", head.error());
        } else {
            const auto walk = for_each_list_node(
                memory_, *head,
                [&](std::uint64_t node) {
                    read_cache(node - list_.offset());
                    return true;
                },
                most_caches);
            if (!walk) problems_.add("the list of slab caches", walk.error());
        }
        for (const Error& problem : sheaves_.problems()) problems_.add("sheaves", problem);
        return {std::move(caches_), problems_.take()};
    }

  private:
    Result<void> prepare();
    void read_cache(std::uint64_t address);
    void read_node(std::uint64_t node, SlabCache& cache, std::uint64_t& free);
    Result<std::uint64_t> free_in_partial(std::uint64_t node, std::uint64_t count, SlabCache& cache);
    void count_sheaves(SlabCache& cache);

    const Kernel& kernel_;
    const AddressSpace& memory_;
    Field list_, name_, object_size_, size_, order_objects_, flags_;
    Field nr_slabs_, total_objects_, nr_partial_, partial_;
    Field per_node_, node_;
    std::uint64_t per_node_stride_ = memory_.word_size();
    std::uint64_t reclaim_flag_ = 0x20000;
    SlabLayout layout_;
    std::vector<std::uint32_t> nodes_;
    SlabSheaves sheaves_;
    std::vector<SlabCache> caches_;
    ProblemCollector problems_;
};

Result<void> SlabReader::prepare() {
    const TypeFinder& types = kernel_.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    list_ = find("kmem_cache", {"list"});
    name_ = find("kmem_cache", {"name"});
    object_size_ = find("kmem_cache", {"object_size", "objsize"});  // the latter until 3.5
    size_ = find("kmem_cache", {"size"});
    order_objects_ = find("kmem_cache", {"oo.x"});
    flags_ = find("kmem_cache", {"flags"});
    nr_slabs_ = find("kmem_cache_node", {"nr_slabs"});
    total_objects_ = find("kmem_cache_node", {"total_objects"});
    nr_partial_ = find("kmem_cache_node", {"nr_partial"});
    partial_ = find("kmem_cache_node", {"partial"});
    per_node_ = find("kmem_cache", {"per_node", "node"});
    if (missing) return fail(std::move(*missing));
    auto layout = SlabLayout::find(types);
    if (!layout) return fail(std::move(layout.error()));
    layout_ = *layout;
    // The flags are numbered by an enum since 6.9 (cc61eb851461).
    if (const auto bit = types.enumerator("_slab_flag_bits", "_SLAB_RECLAIM_ACCOUNT");
        bit && *bit >= 0 && *bit < 64)
        reclaim_flag_ = 1ull << *bit;
    const auto nodes = read_memory_nodes(kernel_);
    if (!nodes) return fail(nodes.error());
    for (const MemoryNode& node : *nodes) nodes_.push_back(node.id);
    // A node's pointers share a struct since 7.0.
    node_ = Field::find(types, "kmem_cache_per_node_ptrs", {"node"}).value_or(Field());
    if (node_.present())
        per_node_stride_ = types.size_of("kmem_cache_per_node_ptrs").value_or(2 * memory_.word_size());
    return {};
}

void SlabReader::read_cache(std::uint64_t address) {
    SlabCache cache;
    cache.address = address;
    const auto name = name_.u64(memory_, address);
    const auto text = name ? memory_.c_string(*name, longest_cache_name) : fail(name.error());
    const auto object_size = object_size_.u64(memory_, address), size = size_.u64(memory_, address);
    const auto order_objects = order_objects_.u64(memory_, address);
    if (!text || !size || !order_objects) {
        problems_.add("a slab cache", fmt::format(" at {:#x}", address),
                      !text   ? text.error()
                      : !size ? size.error()
                              : order_objects.error());
        return;
    }
    cache.name = *text;
    cache.object_size = object_size.value_or(0);
    cache.size = *size;
    // OO_SHIFT is 16 on every release.
    cache.objects_per_slab = *order_objects & 0xffff;
    cache.pages_per_slab = 1ull << std::min(*order_objects >> 16, highest_slab_order);
    cache.reclaimable = (flags_.u64_or(memory_, address, 0) & reclaim_flag_) != 0;
    std::uint64_t free = 0;
    for (const std::uint32_t id : nodes_) {
        const std::uint64_t slot = per_node_.address_in(address) + per_node_stride_ * id;
        const auto node = memory_.word(node_.present() ? node_.address_in(slot) : slot);
        if (!node) {
            problems_.add("a slab cache", " " + cache.name, node.error());
            continue;
        }
        if (*node != 0) read_node(*node, cache, free);
    }
    cache.active_objects = cache.total_objects - std::min(free, cache.total_objects);
    count_sheaves(cache);
    caches_.push_back(std::move(cache));
}

void SlabReader::read_node(std::uint64_t node, SlabCache& cache, std::uint64_t& free) {
    const auto slabs = nr_slabs_.u64(memory_, node), objects = total_objects_.u64(memory_, node),
               partial = nr_partial_.u64(memory_, node);
    if (!slabs || !objects || !partial) {
        problems_.add("a slab cache's node", " of " + cache.name,
                      !slabs     ? slabs.error()
                      : !objects ? objects.error()
                                 : partial.error());
        return;
    }
    cache.slabs += *slabs;
    cache.total_objects += *objects;
    cache.partial_slabs += *partial;
    if (const auto unused = free_in_partial(node, *partial, cache))
        free += *unused;
    else
        problems_.add("the partial slabs", " of " + cache.name, unused.error());
}

Result<std::uint64_t> SlabReader::free_in_partial(std::uint64_t node, std::uint64_t count, SlabCache& cache) {
    std::uint64_t seen = 0, free = 0;
    std::optional<Error> broken;
    const auto walk = for_each_list_node(
        memory_, partial_.address_in(node),
        [&](std::uint64_t link) {
            const auto counts = layout_.counts.read(memory_, link - layout_.list);
            if (!counts) {
                broken = counts.error();
                return false;
            }
            free += counts->free();
            return ++seen < most_partial_slabs;
        },
        most_partial_slabs);
    if (!walk) return fail(walk.error());
    if (broken) return fail(*broken);
    if (seen == most_partial_slabs && count > seen) {
        cache.estimated = true;
        free = static_cast<std::uint64_t>(static_cast<double>(free) * static_cast<double>(count) /
                                          static_cast<double>(seen));
    }
    return free;
}

void SlabReader::count_sheaves(SlabCache& cache) {
    const CacheSheaves found = sheaves_.of(cache.address);
    for (const Error& problem : found.problems) problems_.add("the sheaves", "of " + cache.name, problem);
    cache.objects_in_sheaves = std::min(found.objects(), cache.active_objects);
}

}  // namespace

SlabCacheList read_each_slab_cache(const Kernel& kernel) {
    return has_slab_lists(kernel) ? read_slab_lists(kernel) : SlabReader(kernel).read();
}

SlabCacheList read_slab_caches(const Kernel& kernel) {
    SlabCacheList list = read_each_slab_cache(kernel);
    fold_into_roots(kernel, list);
    return list;
}

}  // namespace postmortem
