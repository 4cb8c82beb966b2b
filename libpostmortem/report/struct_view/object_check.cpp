#include "report/struct_view/object_check.h"

#include <fmt/format.h>

#include "base/text.h"
#include "kernel/lists.h"

namespace postmortem {
namespace {

constexpr std::size_t longest_name_of_cache = 128;

std::string cache_name(const Kernel& kernel, std::uint64_t cache) {
    return kernel.object("kmem_cache", cache)["name"].string(longest_name_of_cache).value_or("");
}

// KMEM_CACHE() names caches after their structs (include/linux/slab.h).
bool has_own_cache(const Kernel& kernel, const std::string& name) {
    const auto head = kernel.symbol("slab_caches");
    const auto link = kernel.types().offset_of("kmem_cache", "list");
    bool found = false;
    if (head && link)
        (void)for_each_list_node(kernel.memory(), *head, [&](std::uint64_t node) {
            found = cache_name(kernel, node - *link) == name;
            return !found;
        });
    return found;
}

}  // namespace

ObjectCheck::ObjectCheck(const Kernel& kernel, std::string_view struct_name)
    : kernel_(kernel), name_(struct_name) {
    if (!has_own_cache(kernel, name_)) return;
    if (auto objects = SlabObjects::open(kernel)) objects_.emplace(std::move(*objects));
}

std::optional<Error> ObjectCheck::doubt(std::uint64_t address) const {
    const auto because = [&](std::string what) {
        return Error(ErrorCode::InvalidArgument,
                     fmt::format("nothing vouches for {} here: the address {}", with_article(name_), what),
                     address);
    };
    if (!objects_) return std::nullopt;
    const auto slab = objects_->slab_at(address);
    // What is in no slab may be a variable, or on a stack.
    if (!slab || !*slab) return std::nullopt;
    const std::string cache = cache_name(kernel_, (*slab)->cache);
    const auto found = objects_->object_at(**slab, address);
    if (cache.empty() || !found || !*found) return std::nullopt;
    const SlabObject& object = **found;
    // Caches of its kind ("pid_2" of a namespace), and those that anything may be copied to or merged into.
    const bool may_hold_it =
        cache.starts_with(name_) || cache.starts_with("kmalloc") || cache.starts_with(':');
    if (cache != name_) {
        if (may_hold_it) return std::nullopt;
        return because(fmt::format("lies in an object of the cache {}", cache));
    }
    if (object.address != address)
        return because(fmt::format("lies {} bytes behind the start of the one at {:x}",
                                   address - object.address, object.address));
    if (object.state == SlabObject::State::Free || object.state == SlabObject::State::KeptByCpu)
        return because("is that of an object that is free");
    return std::nullopt;
}

}  // namespace postmortem
