#include "kernel/mm/slab_roots.h"

#include <algorithm>
#include <unordered_map>

#include "base/problem_collector.h"
#include "object/field.h"

namespace postmortem {
namespace {

/// Tells the cache that another was made from (is_root_cache() in mm/slab.h).
class SlabRoots {
  public:
    explicit SlabRoots(const Kernel& kernel) : memory_(kernel.memory()) {
        const TypeFinder& types = kernel.types();
        const auto params = Field::find(types, "kmem_cache", {"memcg_params"});
        if (!params) return;
        params_ = *params;
        embedded_ = Field::find(types, "kmem_cache", {"memcg_params.root_cache"}).has_value();  // since 4.1
        root_ = Field::find(types, "memcg_cache_params", {"root_cache"}).value_or(Field());
        // Until 4.11; there, the pointer to the root shares its place with what a root has.
        is_root_ = Field::find(types, "memcg_cache_params", {"is_root_cache"}).value_or(Field());
    }

    bool any() const { return params_.present() && root_.present(); }

    /// 0 for a cache that was made from none.
    Result<std::uint64_t> of(std::uint64_t cache) const {
        std::uint64_t place = params_.address_in(cache);
        if (!embedded_) {
            const auto pointed = memory_.word(place);
            if (!pointed || *pointed == 0) return pointed;
            place = *pointed;
        }
        if (is_root_.present()) {
            const auto is_root = is_root_.u64(memory_, place);
            if (!is_root) return fail(is_root.error());
            if (*is_root != 0) return std::uint64_t{0};
        }
        return root_.u64(memory_, place);
    }

  private:
    const AddressSpace& memory_;
    Field params_, root_, is_root_;
    bool embedded_ = false;
};

void add(SlabCache& root, const SlabCache& child) {
    root.total_objects += child.total_objects;
    root.active_objects += child.active_objects;
    root.slabs += child.slabs;
    root.partial_slabs += child.partial_slabs;
    root.objects_in_sheaves += child.objects_in_sheaves;
    root.estimated |= child.estimated;
}

}  // namespace

void fold_into_roots(const Kernel& kernel, SlabCacheList& list) {
    const SlabRoots roots(kernel);
    if (!roots.any()) return;
    ProblemCollector problems;
    std::unordered_map<std::uint64_t, std::size_t> places;
    for (std::size_t i = 0; i < list.caches.size(); ++i) places.emplace(list.caches[i].address, i);
    std::vector<bool> folded(list.caches.size(), false);
    for (std::size_t i = 0; i < list.caches.size(); ++i) {
        const auto root = roots.of(list.caches[i].address);
        if (!root) {
            problems.add("whose a slab cache is", " (" + list.caches[i].name + ")", root.error());
            continue;
        }
        const auto found = places.find(*root);
        if (*root == 0 || found == places.end() || found->second == i) continue;
        add(list.caches[found->second], list.caches[i]);
        folded[i] = true;
    }
    std::size_t at = 0;
    std::erase_if(list.caches, [&](const SlabCache&) { return folded[at++]; });
    problems.add_all(list.problems);
    list.problems = problems.take();
}

}  // namespace postmortem
