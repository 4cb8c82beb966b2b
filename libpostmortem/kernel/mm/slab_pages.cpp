#include "kernel/mm/slab_pages.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_name = 128;

// Addresses of devices have no struct page, or one that is not mapped.
bool is_nothing(const Error& error) {
    return error.code == ErrorCode::NotFound || error.code == ErrorCode::NotMapped;
}

}  // namespace

Result<SlabPages> SlabPages::open(const Kernel& kernel) {
    auto pages = PageStructs::open(kernel);
    if (!pages) return fail(std::move(pages.error()));
    SlabPages slabs(kernel, std::move(*pages));
    const TypeFinder& types = kernel.types();
    std::optional<Error> missing;
    const FieldFinder find(types, missing);
    // Of its own since 5.17 (d122019bf061). SLAB kept the cache in a page's list until 3.7 (1b4f59e356cc),
    // and has another struct slab until 3.13; SLUB called the member `slab`.
    const bool has_descriptors = Field::find(types, "slab", {"s_mem", "inuse"}).has_value();
    const bool own = Field::find(types, "slab", {"slab_cache"}).has_value();
    if (own || Field::find(types, "page", {"slab_cache"}))
        slabs.cache_ = find(own ? "slab" : "page", {"slab_cache"});
    else
        slabs.cache_ = find("page", {has_descriptors ? "lru.next" : "slab"});
    slabs.name_ = find("kmem_cache", {"name"});
    if (missing) return fail(std::move(*missing));
    return slabs;
}

Result<std::uint64_t> SlabPages::kmem_cache_of(std::uint64_t address) const {
    if (!kernel_.is_of_kernel(address)) return 0;
    const auto paddr = kernel_.memory().translate(address);
    if (!paddr) return 0;
    const auto page = pages_.of_frame(*paddr / kernel_.dump().page_size());
    const auto head = page ? pages_.head_of(*page) : page;
    const auto slab = head ? pages_.is_slab(*head) : fail(head.error());
    if (!slab) return is_nothing(slab.error()) ? Result<std::uint64_t>(0) : fail(slab.error());
    return *slab ? cache_.u64(kernel_.memory(), *head) : Result<std::uint64_t>(0);
}

Result<std::string> SlabPages::name_of(std::uint64_t cache) const {
    const auto place = name_.u64(kernel_.memory(), cache);
    return place ? kernel_.memory().c_string(*place, longest_name) : fail(place.error());
}

Result<std::string> SlabPages::cache_of(std::uint64_t address) const {
    const auto cache = kmem_cache_of(address);
    if (!cache) return fail(cache.error());
    if (*cache == 0) return std::string();
    const std::lock_guard guard(names_->lock);
    auto known = names_->by_cache.find(*cache);
    if (known == names_->by_cache.end()) known = names_->by_cache.emplace(*cache, name_of(*cache)).first;
    return known->second;
}

}  // namespace postmortem
