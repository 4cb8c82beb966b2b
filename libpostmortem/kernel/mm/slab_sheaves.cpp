#include "kernel/mm/slab_sheaves.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/cpus.h"
#include "kernel/lists.h"
#include "kernel/mm/numa.h"
#include "kernel/percpu.h"
#include "memory/words.h"

namespace postmortem {
namespace {

// The kernel chooses up to some hundred (calculate_sheaf_capacity()), whoever creates a cache may ask for
// more.
constexpr std::uint64_t highest_capacity = 1u << 16;
// MAX_FULL_SHEAVES is 10.
constexpr std::size_t most_sheaves_of_barn = 4096;
constexpr std::size_t most_callbacks_of_cpu = 1u << 20;

std::string words_for(const SlabSheaf& sheaf) {
    switch (sheaf.place) {
        case SlabSheaf::Place::Main: return fmt::format("the main sheaf of CPU {}", sheaf.keeper);
        case SlabSheaf::Place::Spare: return fmt::format("the spare sheaf of CPU {}", sheaf.keeper);
        case SlabSheaf::Place::RcuFree:
        case SlabSheaf::Place::RcuCalled: return fmt::format("a sheaf of CPU {} for RCU", sheaf.keeper);
        case SlabSheaf::Place::Barn: break;
    }
    return fmt::format("a full sheaf of node {}", sheaf.keeper);
}

Error about(const std::string& what, const Error& error) {
    return Error(error.code, fmt::format("{}: {}", what, error.message), error.address);
}

}  // namespace

std::uint64_t CacheSheaves::objects() const {
    std::uint64_t count = 0;
    for (const SlabSheaf& sheaf : sheaves) count += sheaf.objects.size();
    return count;
}

SlabSheaves::SlabSheaves(const Kernel& kernel) : kernel_(&kernel) {
    cpu_sheaves_ = Field::find(kernel.types(), "kmem_cache", {"cpu_sheaves"}).value_or(Field());
    if (!present()) return;
    const auto prepared = prepare();
    ready_ = prepared.has_value();
    if (!prepared) problems_.push_back(prepared.error());
    if (ready_) read_callbacks();
}

Result<void> SlabSheaves::prepare() {
    const TypeFinder& types = kernel_->types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    capacity_ = find("kmem_cache", {"sheaf_capacity"});
    main_ = find("slub_percpu_sheaves", {"main"});
    spare_ = find("slub_percpu_sheaves", {"spare"});
    rcu_free_ = find("slub_percpu_sheaves", {"rcu_free"});
    size_ = find("slab_sheaf", {"size"});
    cache_ = find("slab_sheaf", {"cache"});
    objects_ = find("slab_sheaf", {"objects"});
    callback_ = find("slab_sheaf", {"callback_head", "rcu_head"});  // the same to the preprocessor
    barn_link_ = find("slab_sheaf", {"barn_list"});
    full_ = find("node_barn", {"sheaves_full"});
    per_node_ = find("kmem_cache", {"per_node", "node"});
    // A node's pointers share a struct since 7.0; before, its kmem_cache_node has that of the barn.
    barn_in_slot_ = Field::find(types, "kmem_cache_per_node_ptrs", {"barn"}).value_or(Field());
    per_node_stride_ = kernel_->memory().word_size();
    if (!barn_in_slot_.present())
        barn_in_node_ = find("kmem_cache_node", {"barn"});
    else
        per_node_stride_ = types.size_of("kmem_cache_per_node_ptrs").value_or(2 * per_node_stride_);
    if (missing) return fail(std::move(*missing));
    const auto cpus = read_cpu_mask(*kernel_, "possible");
    const auto nodes = read_memory_nodes(*kernel_);
    if (!cpus) return fail(cpus.error());
    if (!nodes) return fail(nodes.error());
    cpus_ = *cpus;
    for (const MemoryNode& node : *nodes) nodes_.push_back(node.id);
    return {};
}

// A full sheaf of objects that wait for RCU is on no list but that of the callbacks (__kfree_rcu_sheaf()).
// There are two of these, the latter for sheaves of a CPU that went away; a kernel that never calls one was
// built without it: of 7.2 PREEMPT_RT has the latter alone.
void SlabSheaves::read_callbacks() {
    const auto usual = kernel_->symbol("rcu_free_sheaf"),
               without_barn = kernel_->symbol("rcu_free_sheaf_nobarn");
    const auto list = Field::find(kernel_->types(), "rcu_data", {"cblist.head"});
    if ((!usual && !without_barn) || !list) {
        // Tiny RCU, which is for machines without a second CPU, has a list of its own.
        problems_.push_back(about("sheaves among RCU's callbacks", list ? usual.error() : list.error()));
        return;
    }
    const std::uint64_t either = usual ? *usual : *without_barn;
    const Functions functions = {either, without_barn.value_or(either)};
    const auto bypass = Field::find(kernel_->types(), "rcu_data", {"nocb_bypass.head"});
    for (const std::uint32_t cpu : cpus_) {
        const auto data = per_cpu_address(*kernel_, "rcu_data", cpu);
        if (!data) {
            problems_.push_back(about("sheaves among RCU's callbacks", data.error()));
            return;
        }
        read_callbacks(cpu, functions, list->address_in(*data));
        if (bypass) read_callbacks(cpu, functions, bypass->address_in(*data));
    }
}

void SlabSheaves::read_callbacks(std::uint32_t cpu, const Functions& functions, std::uint64_t head) {
    const auto walk = walk_callbacks(cpu, functions, head);
    if (!walk) problems_.push_back(about(fmt::format("RCU's callbacks of CPU {}", cpu), walk.error()));
}

Result<void> SlabSheaves::walk_callbacks(std::uint32_t cpu, const Functions& functions, std::uint64_t head) {
    const AddressSpace& memory = kernel_->memory();
    std::unordered_set<std::uint64_t> seen;
    auto at = memory.word(head);
    for (; at && *at != 0; at = memory.word(*at)) {
        if (!seen.insert(*at).second || seen.size() > most_callbacks_of_cpu)
            return fail(ErrorCode::Corrupt, "the list does not end", head);
        const auto called = memory.word(*at + memory.word_size());  // behind `next`
        if (!called) return fail(called.error());
        if (std::find(functions.begin(), functions.end(), *called) == functions.end()) continue;
        const std::uint64_t sheaf = *at - callback_.offset();
        const auto cache = cache_.u64(memory, sheaf);
        if (!cache) return fail(cache.error());
        called_.push_back({sheaf, *cache, cpu});
    }
    if (!at) return fail(at.error());
    return {};
}

CacheSheaves SlabSheaves::of(std::uint64_t cache) const {
    CacheSheaves found;
    if (!present()) return found;
    found.complete = problems_.empty();
    if (!ready_) return found;
    const auto capacity = capacity_.u64(kernel_->memory(), cache);
    if (!capacity)
        found.problems.push_back(about("how many objects a sheaf holds", capacity.error()));
    else if (*capacity > highest_capacity)
        found.problems.emplace_back(ErrorCode::Corrupt,
                                    fmt::format("a sheaf would hold {} objects", *capacity), cache);
    else
        found.capacity = *capacity;
    if (found.capacity != 0) add_all(cache, found);
    found.complete = found.problems.empty() && (problems_.empty() || (capacity && *capacity == 0));
    return found;
}

void SlabSheaves::add_all(std::uint64_t cache, CacheSheaves& found) const {
    for (const std::uint32_t cpu : cpus_) add_of_cpu(cache, cpu, found);
    add_called(cache, found);
    for (const std::uint32_t node : nodes_) add_barn(cache, node, found);
}

void SlabSheaves::add_of_cpu(std::uint64_t cache, std::uint32_t cpu, CacheSheaves& found) const {
    const AddressSpace& memory = kernel_->memory();
    const auto base = cpu_sheaves_.u64(memory, cache);
    const auto own = base ? per_cpu_address(*kernel_, *base, cpu) : fail(base.error());
    if (!own) {
        found.problems.push_back(about(fmt::format("the sheaves of CPU {}", cpu), own.error()));
        return;
    }
    using Place = SlabSheaf::Place;
    for (const auto& [field, place] :
         {std::pair{&main_, Place::Main}, {&spare_, Place::Spare}, {&rcu_free_, Place::RcuFree}}) {
        SlabSheaf sheaf{0, place, cpu, {}};
        const auto at = field->u64(memory, *own);
        sheaf.address = at.value_or(0);
        if (!at)
            found.problems.push_back(about(words_for(sheaf), at.error()));
        else if (*at != 0)
            add(cache, std::move(sheaf), found);
    }
}

void SlabSheaves::add_called(std::uint64_t cache, CacheSheaves& found) const {
    for (const Called& called : called_)
        if (called.cache == cache)
            add(cache, {called.sheaf, SlabSheaf::Place::RcuCalled, called.cpu, {}}, found);
}

// 0 where the cache has nothing on the node.
Result<std::uint64_t> SlabSheaves::barn_of(std::uint64_t cache, std::uint32_t node) const {
    const AddressSpace& memory = kernel_->memory();
    const std::uint64_t slot = per_node_.address_in(cache) + per_node_stride_ * node;
    if (barn_in_slot_.present()) return barn_in_slot_.u64(memory, slot);
    const auto place = memory.word(slot);
    return !place || *place == 0 ? place : barn_in_node_.u64(memory, *place);
}

// Those that a barn keeps beside the full ones are empty.
void SlabSheaves::add_barn(std::uint64_t cache, std::uint32_t node, CacheSheaves& found) const {
    const auto barn = barn_of(cache, node);
    Result<void> walk;
    if (!barn)
        walk = fail(barn.error());
    else if (*barn != 0)
        walk = for_each_list_node(
            kernel_->memory(), full_.address_in(*barn),
            [&](std::uint64_t link) {
                add(cache, {link - barn_link_.offset(), SlabSheaf::Place::Barn, node, {}}, found);
                return true;
            },
            most_sheaves_of_barn);
    if (!walk) found.problems.push_back(about(fmt::format("the barn of node {}", node), walk.error()));
}

void SlabSheaves::add(std::uint64_t cache, SlabSheaf sheaf, CacheSheaves& found) const {
    const auto filled = fill(cache, found.capacity, sheaf);
    if (!filled) found.problems.push_back(about(words_for(sheaf), filled.error()));
    if (filled) found.sheaves.push_back(std::move(sheaf));
}

Result<void> SlabSheaves::fill(std::uint64_t cache, std::uint64_t capacity, SlabSheaf& sheaf) const {
    const AddressSpace& memory = kernel_->memory();
    const auto size = size_.u64(memory, sheaf.address), owner = cache_.u64(memory, sheaf.address);
    if (!size) return fail(size.error());
    if (!owner) return fail(owner.error());
    // The one that caches share until they have their own holds nothing and is nobody's (bootstrap_sheaf).
    if (*size == 0) return {};
    if (*owner != cache) return fail(ErrorCode::Corrupt, "it is of another cache", sheaf.address);
    if (*size > capacity)
        return fail(ErrorCode::Corrupt, fmt::format("it holds {} objects of {}", *size, capacity),
                    sheaf.address);
    const auto objects = signed_words(memory, objects_.address_in(sheaf.address), *size);
    if (!objects) return fail(objects.error());
    for (const std::int64_t object : *objects) {
        if (object == 0) return fail(ErrorCode::Corrupt, "it holds a null pointer", sheaf.address);
        sheaf.objects.push_back(wrapped(memory, static_cast<std::uint64_t>(object)));
    }
    return {};
}

}  // namespace postmortem
