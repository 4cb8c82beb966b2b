#include "kernel/mm/slab_nodes.h"

#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_slabs_of_node = 1u << 18;

class SlabNodeReader {
  public:
    SlabNodeReader(const Kernel& kernel, std::uint64_t cache)
        : kernel_(kernel), memory_(kernel.memory()), cache_(cache) {}

    Result<std::vector<SlabNode>> read();

  private:
    Result<void> prepare();
    bool keeps_full_slabs() const;
    Result<SlabNode> node(std::uint32_t id, std::uint64_t address) const;
    Result<std::vector<std::uint64_t>> slabs_on(std::uint64_t head) const;

    const Kernel& kernel_;
    const AddressSpace& memory_;
    std::uint64_t cache_;
    Field per_node_, pointer_, flags_, slabs_, partial_count_, partial_, full_, link_;
    std::uint64_t stride_ = memory_.word_size();
};

Result<void> SlabNodeReader::prepare() {
    const TypeFinder& types = kernel_.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    per_node_ = find("kmem_cache", {"per_node", "node"});
    flags_ = find("kmem_cache", {"flags"});
    slabs_ = find("kmem_cache_node", {"nr_slabs"});
    partial_count_ = find("kmem_cache_node", {"nr_partial"});
    partial_ = find("kmem_cache_node", {"partial"});
    // struct slab since 5.17 (d122019bf061); slab_list since 5.3 (916ac0527837), the page's lru before.
    link_ = find(types.find_struct("slab") ? "slab" : "page", {"slab_list", "lru"});
    if (missing) return fail(std::move(*missing));
    full_ = Field::find(types, "kmem_cache_node", {"full"}).value_or(Field());  // CONFIG_SLUB_DEBUG
    // A node's pointers share a struct since 7.0.
    pointer_ = Field::find(types, "kmem_cache_per_node_ptrs", {"node"}).value_or(Field());
    if (pointer_.present())
        stride_ = types.size_of("kmem_cache_per_node_ptrs").value_or(2 * memory_.word_size());
    return {};
}

// SLAB_STORE_USER; an enum numbers the flags since 6.9 (cc61eb851461).
bool SlabNodeReader::keeps_full_slabs() const {
    std::uint64_t store_user = 0x10000;
    if (const auto bit = kernel_.types().enumerator("_slab_flag_bits", "_SLAB_STORE_USER");
        bit && *bit >= 0 && *bit < 64)
        store_user = 1ull << *bit;
    return full_.present() && (flags_.u64_or(memory_, cache_, 0) & store_user) != 0;
}

Result<std::vector<std::uint64_t>> SlabNodeReader::slabs_on(std::uint64_t head) const {
    std::vector<std::uint64_t> slabs;
    const auto walk = for_each_list_node(
        memory_, head,
        [&](std::uint64_t link) {
            slabs.push_back(link - link_.offset());
            return true;
        },
        most_slabs_of_node);
    if (!walk) return fail(walk.error());
    return slabs;
}

Result<SlabNode> SlabNodeReader::node(std::uint32_t id, std::uint64_t address) const {
    SlabNode node;
    node.id = id;
    node.address = address;
    const auto slabs = slabs_.u64(memory_, address), count = partial_count_.u64(memory_, address);
    if (!slabs) return fail(slabs.error());
    if (!count) return fail(count.error());
    node.slabs = *slabs;
    node.partial_count = *count;
    auto partial = slabs_on(partial_.address_in(address));
    if (!partial) return fail(std::move(partial.error()));
    node.partial = std::move(*partial);
    if (!keeps_full_slabs()) return node;
    auto full = slabs_on(full_.address_in(address));
    if (!full) return fail(std::move(full.error()));
    node.full = std::move(*full);
    return node;
}

Result<std::vector<SlabNode>> SlabNodeReader::read() {
    if (auto ready = prepare(); !ready) return fail(std::move(ready.error()));
    const auto ids = read_memory_nodes(kernel_);
    if (!ids) return fail(ids.error());
    std::vector<SlabNode> nodes;
    for (const MemoryNode& each : *ids) {
        const std::uint64_t slot = per_node_.address_in(cache_) + stride_ * each.id;
        const auto address = memory_.word(pointer_.present() ? pointer_.address_in(slot) : slot);
        if (!address) return fail(address.error());
        if (*address == 0) continue;
        auto one = node(each.id, *address);
        if (!one) return fail(std::move(one.error()));
        nodes.push_back(std::move(*one));
    }
    return nodes;
}

}  // namespace

Result<std::vector<SlabNode>> read_slab_nodes(const Kernel& kernel, std::uint64_t cache) {
    return SlabNodeReader(kernel, cache).read();
}

}  // namespace postmortem
