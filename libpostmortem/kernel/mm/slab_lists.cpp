#include "kernel/mm/slab_lists.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>

#include "base/problem_collector.h"
#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_listed_caches = 100000;
constexpr std::size_t longest_listed_name = 128;
constexpr std::size_t most_listed_slabs = 1u << 22;
constexpr std::uint64_t most_objects_in_slab = 1u << 20;
constexpr std::uint64_t highest_listed_order = 20;
// SLAB_RECLAIM_ACCOUNT; an enum numbers the flags since 6.9, when SLAB was gone.
constexpr std::uint64_t reclaim_account = 0x20000;

class SlabListReader {
  public:
    explicit SlabListReader(const Kernel& kernel) : kernel_(kernel), memory_(kernel.memory()) {}

    SlabCacheList read() {
        // cache_chain until 3.5
        const auto head =
            kernel_.known_symbol({"slab_caches", "cache_chain"}).and_then([&](std::string_view name) {
                return kernel_.symbol(name);
            });
        if (auto ready = prepare(); !ready) {
            problems_.add("the slab caches", ready.error());
        } else if (!head) {
            problems_.add("the slab caches", head.error());
        } else {
            const auto walk = for_each_list_node(
                memory_, *head,
                [&](std::uint64_t link) {
                    read_cache(link - link_.offset());
                    return true;
                },
                most_listed_caches);
            if (!walk) problems_.add("the list of slab caches", walk.error());
        }
        return {std::move(caches_), problems_.take()};
    }

  private:
    Result<void> prepare();
    void read_cache(std::uint64_t address);
    Result<std::uint64_t> node_of(std::uint64_t cache, std::uint32_t id) const;
    Result<void> count_node(std::uint64_t node, SlabCache& cache, std::uint64_t& free) const;
    Result<std::uint64_t> length(const Field& list, std::uint64_t node) const;

    const Kernel& kernel_;
    const AddressSpace& memory_;
    Field link_, name_, size_, object_size_, objects_, order_, flags_, nodes_;
    Field partial_, full_, unused_, free_objects_, all_slabs_;
    std::vector<std::uint32_t> node_ids_;
    std::vector<SlabCache> caches_;
    ProblemCollector problems_;
};

Result<void> SlabListReader::prepare() {
    const TypeFinder& types = kernel_.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    link_ = find("kmem_cache", {"list", "next"});
    name_ = find("kmem_cache", {"name"});
    size_ = find("kmem_cache", {"size", "buffer_size"});  // the latter until 3.5
    objects_ = find("kmem_cache", {"num"});
    order_ = find("kmem_cache", {"gfporder"});
    flags_ = find("kmem_cache", {"flags"});
    nodes_ = find("kmem_cache", {"node", "nodelists"});  // the latter until 3.9, as kmem_list3
    const bool old = !Field::find(types, "kmem_cache_node", {"slabs_partial"});
    const std::string_view node = old ? "kmem_list3" : "kmem_cache_node";
    partial_ = find(node, {"slabs_partial"});
    full_ = find(node, {"slabs_full"});
    unused_ = find(node, {"slabs_free"});
    free_objects_ = find(node, {"free_objects"});
    if (missing) return fail(std::move(*missing));
    all_slabs_ = Field::find(types, node, {"total_slabs"}).value_or(Field());  // since 4.11
    object_size_ = Field::find(types, "kmem_cache", {"object_size"}).value_or(size_);
    const auto ids = read_memory_nodes(kernel_);
    if (!ids) return fail(ids.error());
    for (const MemoryNode& each : *ids) node_ids_.push_back(each.id);
    return {};
}

void SlabListReader::read_cache(std::uint64_t address) {
    SlabCache cache;
    cache.address = address;
    const auto name = name_.u64(memory_, address);
    const auto text = name ? memory_.c_string(*name, longest_listed_name) : fail(name.error());
    const auto size = size_.u64(memory_, address), objects = objects_.u64(memory_, address),
               order = order_.u64(memory_, address);
    for (const Error* error : {text ? nullptr : &text.error(), size ? nullptr : &size.error(),
                               objects ? nullptr : &objects.error(), order ? nullptr : &order.error()})
        if (error) return problems_.add("a slab cache", fmt::format(" at {:#x}", address), *error);
    cache.name = *text;
    cache.size = *size;
    cache.object_size = object_size_.u64_or(memory_, address, *size);
    cache.objects_per_slab = std::min(*objects, most_objects_in_slab);
    cache.pages_per_slab = 1ull << std::min(*order, highest_listed_order);
    cache.reclaimable = (flags_.u64_or(memory_, address, 0) & reclaim_account) != 0;
    std::uint64_t free = 0;
    for (const std::uint32_t id : node_ids_) {
        const auto node = node_of(address, id);
        auto counted = node ? Result<void>() : fail(node.error());
        if (node && *node != 0) counted = count_node(*node, cache, free);
        if (!counted) problems_.add("a slab cache's node", " of " + cache.name, counted.error());
    }
    cache.total_objects = cache.slabs * cache.objects_per_slab;
    cache.active_objects = cache.total_objects - std::min(free, cache.total_objects);
    caches_.push_back(std::move(cache));
}

Result<std::uint64_t> SlabListReader::node_of(std::uint64_t cache, std::uint32_t id) const {
    const std::uint64_t slot = std::uint64_t{memory_.word_size()} * id;
    // An array of its own, to which the cache points, from 3.6 to 3.17.
    if (nodes_.elements() != 0) return memory_.word(nodes_.address_in(cache) + slot);
    const auto array = nodes_.u64(memory_, cache);
    if (!array || *array == 0) return array;
    return memory_.word(*array + slot);
}

Result<void> SlabListReader::count_node(std::uint64_t node, SlabCache& cache, std::uint64_t& free) const {
    const auto unused_objects = free_objects_.u64(memory_, node);
    if (!unused_objects) return fail(unused_objects.error());
    const auto partial = length(partial_, node);
    if (!partial) return fail(partial.error());
    auto slabs = all_slabs_.present() ? all_slabs_.u64(memory_, node) : length(full_, node);
    if (!slabs) return fail(slabs.error());
    if (!all_slabs_.present()) {
        const auto unused = length(unused_, node);
        if (!unused) return fail(unused.error());
        *slabs += *partial + *unused;
    }
    cache.slabs += *slabs;
    cache.partial_slabs += *partial;
    free += *unused_objects;
    return {};
}

Result<std::uint64_t> SlabListReader::length(const Field& list, std::uint64_t node) const {
    std::uint64_t count = 0;
    const auto walk = for_each_list_node(
        memory_, list.address_in(node),
        [&](std::uint64_t) {
            ++count;
            return true;
        },
        most_listed_slabs);
    if (!walk) return fail(walk.error());
    return count;
}

}  // namespace

bool has_slab_lists(const Kernel& kernel) {
    return Field::find(kernel.types(), "kmem_cache", {"batchcount"}).has_value();
}

SlabCacheList read_slab_lists(const Kernel& kernel) {
    return SlabListReader(kernel).read();
}

}  // namespace postmortem
