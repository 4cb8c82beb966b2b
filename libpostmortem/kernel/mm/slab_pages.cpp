#include "kernel/mm/slab_pages.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_name = 128;

}  // namespace

// A flag of the page until 6.9; since 6.10 (46df8e73a4a3) a page type: first one bit cleared in a word that
// starts with 0xf, since 6.12 (4ffca5a96678) a number in the top byte.
Result<SlabPages> SlabPages::open(const Kernel& kernel) {
    auto pages = PageMap::open(kernel);
    if (!pages) return fail(std::move(pages.error()));
    SlabPages slabs(kernel, *pages);
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
    if (const auto coded = kernel.vmcoreinfo().number("PAGE_SLAB_MAPCOUNT_VALUE")) {
        constexpr std::uint32_t numbered = 0x00ffffff;
        const auto value = static_cast<std::uint32_t>(*coded);
        const bool number = (value & numbered) == 0;
        slabs.type_mask_ = number ? ~numbered : 0xf0000000u | ~value;
        slabs.type_value_ = number ? value : 0xf0000000u;
        slabs.type_ = find("page", {"page_type"});
    } else {
        auto bit = kernel.vmcoreinfo().number("PG_slab");
        if (!bit) {
            const auto named = types.enumerator("pageflags", "PG_slab");
            if (!named) return fail(named.error());
            bit = *named;
        }
        if (*bit < 0 || *bit > 63) return fail(ErrorCode::Unsupported, "PG_slab is no bit of a page's flags");
        slabs.flag_bit_ = static_cast<std::uint32_t>(*bit);
        slabs.flags_ = find("page", {"flags"});
    }
    if (missing) return fail(std::move(*missing));
    return slabs;
}

Result<bool> SlabPages::is_slab(std::uint64_t head) const {
    if (flag_bit_)
        return flags_.u64(kernel_.memory(), head).map([&](std::uint64_t flags) {
            return (flags >> *flag_bit_ & 1) != 0;
        });
    return type_.u64(kernel_.memory(), head).map([&](std::uint64_t type) {
        return (static_cast<std::uint32_t>(type) & type_mask_) == type_value_;
    });
}

Result<std::uint64_t> SlabPages::kmem_cache_of(std::uint64_t address) const {
    if (!kernel_.is_of_kernel(address)) return 0;
    const auto paddr = kernel_.memory().translate(address);
    if (!paddr) return 0;
    const auto page = pages_.page_at(*paddr);
    if (!page && page.error().code == ErrorCode::NotFound) return 0;
    const auto head = page ? pages_.head_of(*page) : page;
    const auto slab = head ? is_slab(*head) : fail(head.error());
    if (!slab) return fail(slab.error());
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
